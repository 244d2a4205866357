from mlops_ci.stats.seeds import seed_of


def test_the_order_of_rows_does_not_matter_and_what_they_are_does() -> None:
    seed = seed_of(["a", "b", "c"], [1, 0, 1])
    assert seed_of(["c", "a", "b"], [1, 1, 0]) == seed
    assert seed_of(["a", "b", "c"], [1, 1, 0]) != seed
    assert seed_of(["a", "b", "d"], [1, 0, 1]) != seed
    assert 0 <= seed < 2**64


def test_ids_that_look_like_labels_are_told_apart() -> None:
    assert seed_of(["a", "b=1"], ["1", "2"]) != seed_of(["a=1", "b"], ["1", "2"])
    assert seed_of(["a=1"], ["2"]) != seed_of(["a"], ["1=2"])


def test_it_is_the_same_on_every_machine() -> None:
    assert seed_of([], []) == 0xE3B0C44298FC1C14  # SHA-256 of nothing
