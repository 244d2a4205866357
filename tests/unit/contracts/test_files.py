from pathlib import Path

import pytest

from mlops_ci.contracts.files import label, matching
from mlops_ci.errors import NothingToJudge


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_a_glob_gives_its_files_in_order(tmp_path: Path) -> None:
    touch(tmp_path, "m/02.parquet", "m/01.parquet", "m/notes.md")
    assert [path.name for path in matching("m/*.parquet", tmp_path)] == ["01.parquet", "02.parquet"]


def test_two_stars_look_into_every_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a/b/1.csv", "a/2.csv")
    assert len(matching("a/**/*.csv", tmp_path)) == 2


def test_an_absolute_path_and_a_name_with_brackets_are_taken_as_they_are(tmp_path: Path) -> None:
    touch(tmp_path, "data[1].csv")
    assert matching(str(tmp_path / "data[1].csv"), tmp_path / "elsewhere") == (tmp_path / "data[1].csv",)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("none.parquet", "none.parquet does not exist. Make the data first"),
        ("none/*.parquet", "matches no file. Make the data first"),
        ("m", "m is a folder. Name the files in it, such as m/"),
        ("m/notes.md", "notes.md is neither .parquet nor .csv"),
        ("m/*.[pc]*", "both Parquet and CSV"),
    ],
)
def test_what_cannot_be_judged_is_said_with_the_remedy(tmp_path: Path, pattern: str, said: str) -> None:
    touch(tmp_path, "m/1.parquet", "m/1.csv", "m/notes.md")
    with pytest.raises(NothingToJudge) as problem:
        matching(pattern, tmp_path)
    assert said in str(problem.value)


def test_files_are_shown_relative_to_the_repository(tmp_path: Path) -> None:
    assert label(tmp_path / "a" / "b.csv", tmp_path) == "a/b.csv"
    assert label(Path("/elsewhere/b.csv"), tmp_path) == "/elsewhere/b.csv"


def test_a_path_through_another_folder_is_shown_without_the_detour(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv", "notebooks/x.md")
    (found,) = matching(str(tmp_path / "notebooks" / ".." / "*.csv"), tmp_path)
    assert label(found, tmp_path) == "a.csv"


def test_brackets_in_the_name_of_the_repository_are_no_pattern(tmp_path: Path) -> None:
    touch(tmp_path / "repo[1]", "a.csv")
    assert len(matching("*.csv", tmp_path / "repo[1]")) == 1
