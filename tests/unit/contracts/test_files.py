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
    assert [path.name for path in matching("m/*.parquet", tmp_path).paths] == ["01.parquet", "02.parquet"]


def test_two_stars_look_into_every_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a/b/1.csv", "a/2.csv")
    assert len(matching("a/**/*.csv", tmp_path).paths) == 2


def test_an_absolute_path_and_a_name_with_brackets_are_taken_as_they_are(tmp_path: Path) -> None:
    touch(tmp_path, "data[1].csv")
    assert matching(str(tmp_path / "data[1].csv"), tmp_path / "elsewhere").paths == (tmp_path / "data[1].csv",)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("none.parquet", "none.parquet does not exist. Make the data first"),
        ("none/*.parquet", "matches no file. Make the data first"),
        ("empty", "empty holds no data file"),
        ("m", "m names files of several formats: csv, parquet"),
        ("m/notes.md", "notes.md is none of Parquet, CSV, JSON Lines or Arrow"),
        ("m/*.[pc]*", "several formats: csv, parquet"),
        ("h", "2.csv and 1.csv lie in folders of different keys"),
    ],
)
def test_what_cannot_be_judged_is_said_with_the_remedy(tmp_path: Path, pattern: str, said: str) -> None:
    touch(tmp_path, "m/1.parquet", "m/1.csv", "m/notes.md", "empty/x.md", "h/a=1/1.csv", "h/b=1/2.csv")
    with pytest.raises(NothingToJudge) as problem:
        matching(pattern, tmp_path)
    assert said in str(problem.value)


def test_files_are_shown_relative_to_the_repository(tmp_path: Path) -> None:
    assert label(tmp_path / "a" / "b.csv", tmp_path) == "a/b.csv"
    assert label(Path("/elsewhere/b.csv"), tmp_path) == "/elsewhere/b.csv"


def test_a_path_through_another_folder_is_shown_without_the_detour(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv", "notebooks/x.md")
    (found,) = matching(str(tmp_path / "notebooks" / ".." / "*.csv"), tmp_path).paths
    assert label(found, tmp_path) == "a.csv"


def test_brackets_in_the_name_of_the_repository_are_no_pattern(tmp_path: Path) -> None:
    touch(tmp_path / "repo[1]", "a.csv")
    assert len(matching("*.csv", tmp_path / "repo[1]").paths) == 1


def test_a_folder_stands_for_its_data_files_and_its_keys(tmp_path: Path) -> None:
    touch(tmp_path, "d/year=1/b.csv", "d/year=2/a.csv", "d/_temporary/year=3/c.csv", "d/.hidden.csv", "d/README.md")
    found = matching("d", tmp_path)
    assert [path.name for path in found.paths] == ["b.csv", "a.csv"]
    assert found.partitions == ("year",)


@pytest.mark.parametrize(("pattern", "partitions"), [("**/*.csv", ("year",)), ("d/year=1/*.csv", ()), ("d", ("year",))])
def test_only_folders_below_the_named_part_are_keys(tmp_path: Path, pattern: str, partitions: tuple[str, ...]) -> None:
    root = tmp_path / "above=1"
    touch(root, "d/year=1/b.csv")
    assert matching(pattern, root).partitions == partitions
