import pytest

from mlops_ci.stats import distinct


def texts(start: int, stop: int) -> list[str]:
    return [f"text {at}" for at in range(start, stop)]


def test_many_texts_are_counted_within_a_few_percent_however_often_they_come() -> None:
    sketch = distinct.sketched([*texts(0, 50_000), *texts(0, 20_000)])
    assert distinct.estimated(sketch) == pytest.approx(50_000, rel=0.07)
    assert len(sketch) < 4_000


def test_few_texts_are_counted_exactly_and_none_is_none() -> None:
    assert distinct.estimated(distinct.sketched(["a", "b", "a", "ü"])) == 3
    assert distinct.estimated(distinct.sketched([])) == 0


def test_parts_that_overlap_are_joined_in_any_order() -> None:
    one, other = distinct.sketched(texts(0, 30_000)), distinct.sketched(texts(20_000, 60_000))
    joined = [distinct.estimated(distinct.joined(parts)) for parts in ([one, other], [other, one])]
    assert joined == pytest.approx([60_000, 60_000], rel=0.07)
    assert joined[0] == joined[1]


@pytest.mark.parametrize("sketch", ["AAAA", "!", ""])
def test_what_is_no_sketch_is_refused(sketch: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        distinct.joined([sketch])
