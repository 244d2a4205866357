import json
from pathlib import Path

import pytest

from mlops_ci.contracts.profile import SCHEMA, Bins, Categories, ColumnProfile, Profile, read, write
from mlops_ci.errors import NothingToJudge

NUMBER = ColumnProfile("x", "number", 1, 9, bins=Bins((1, 2.5), (3, 3, 3), (0.5, 2.0, 3.0)))
TEXT = ColumnProfile("t\"'; --", "text", 0, 10, categories=Categories((("a", 6), ("b", 3)), 1))
MIXED = ColumnProfile("m", "number", 0, 10, categories=Categories(((1, 4), (2.5, 4), (0.0, 2))))
FLAG = ColumnProfile("b", "boolean", 0, 10, categories=Categories(((True, 4), (False, 6))))
PROFILE = Profile(SCHEMA, 10, (NUMBER, TEXT, MIXED, FLAG))


def test_what_is_written_is_read_with_its_types(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(write(PROFILE))
    found = read(path, "p.json")
    assert found == PROFILE
    values = [type(value) for one in found.columns if one.categories for value, _ in one.categories.values]
    assert values == [str, str, int, float, float, bool, bool]


def test_a_column_is_a_line_so_that_a_review_shows_which_changed() -> None:
    assert [line.startswith('{"name"') for line in write(PROFILE).splitlines()[1:-1]] == [True] * 4


@pytest.mark.parametrize(
    ("column", "by"),
    [
        (NUMBER, "bins"),
        (TEXT, "categories"),
        (FLAG, "categories"),
        (ColumnProfile("t", "time", 0, 9, bins=NUMBER.bins), None),
        (ColumnProfile("o", "other", 0, 9), None),
        (ColumnProfile("s", "text", 0, 9, sensitive=True, categories=TEXT.categories), None),
        (ColumnProfile("e", "text", 9, 0, categories=Categories(())), None),
        # Most values are not listed, or what is listed is not exact: then the lengths are compared.
        (ColumnProfile("l", "text", 0, 9, bins=NUMBER.bins, categories=Categories((("a", 4),), 5)), "bins"),
        (ColumnProfile("l", "text", 0, 9, bins=NUMBER.bins, categories=Categories((("a", 9),), 0, 1)), "bins"),
    ],
)
def test_by_what_a_column_is_compared(column: ColumnProfile, by: str | None) -> None:
    assert column.compared_by == by


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match=r"p\.json cannot be read: No such file.* mlops-ci profile --data"):
        read(tmp_path / "p.json", "p.json")


LATER = '{"schema": "mlops-ci.profile/v2", "rows": 1, "columns": []}'


BARE = '{"schema": "mlops-ci.profile/v1", "rows": 1, "columns": []}'


@pytest.mark.parametrize("text", ["", "[]", "{}", LATER, BARE, "\xff"])
def test_what_is_no_profile_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text, encoding="latin-1")
    with pytest.raises(NothingToJudge, match="is not a profile"):
        read(tmp_path / "p.json", "p.json")


@pytest.mark.parametrize(
    ("column", "key", "value"),
    [
        (0, "missing", 2),
        (0, "count", -1),
        (0, "moments", {"n": 8, "mean": 1, "m2": 1, "minimum": 0, "maximum": 3}),
        (0, "bins", {"edges": [1, 2], "counts": [3, 3, 4], "medians": [0, 1, 2]}),
        (0, "bins", {"edges": [2, 1], "counts": [3, 3, 3], "medians": [0, 1, 2]}),
        (0, "bins", {"edges": [1, 2], "counts": [-3, 9, 3], "medians": [0, 1, 2]}),
        (0, "bins", {"edges": [1, 2], "counts": [3, 3, 3], "medians": [0, 1]}),
        (1, "categories", {"values": [["a", 6], ["a", 3]], "other": 1}),
        (1, "categories", {"values": [["a", 6]], "other": 1}),
        (1, "categories", {"values": [["a", 12]], "other": -2}),
    ],
)
def test_an_edited_file_that_contradicts_itself_is_refused(
    tmp_path: Path, column: int, key: str, value: object
) -> None:
    raw = json.loads(write(PROFILE))
    raw["columns"][column][key] = value
    (tmp_path / "p.json").write_text(json.dumps(raw))
    with pytest.raises(NothingToJudge, match="is not a profile: column"):
        read(tmp_path / "p.json", "p.json")
