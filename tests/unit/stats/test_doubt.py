import pytest

from mlops_ci.stats.doubt import doubt


@pytest.mark.parametrize(
    ("thin", "sentence"),
    [
        ({"clusters": 39}, "39 clusters, fewer than 40"),
        ({"ranked_class": 99}, "99 rows, fewer than 100"),
        ({"smaller_class": 9}, "9 rows, fewer than 10"),
        ({"differing": 5}, "5 rows are answered differently, fewer than 6"),
    ],
)
def test_thin_evidence_is_named(thin: dict[str, int], sentence: str) -> None:
    assert sentence in doubt(**thin)
    ((kind, found),) = thin.items()
    assert not doubt(**{kind: found + 1})


def test_what_is_not_known_raises_no_doubt() -> None:
    assert not doubt()
