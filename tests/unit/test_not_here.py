from pathlib import Path

from not_here import Row, complaint, read

ROWS = [Row("tests/integration/test_docker.py", "no Docker on every laptop", "docker")]


def test_a_listed_skip_without_its_program_is_excused() -> None:
    assert complaint("tests/integration/test_docker.py::test_image", ROWS, lambda _: None) is None


def test_a_listed_skip_that_could_have_run_is_not() -> None:
    assert "docker is here" in str(complaint("tests/integration/test_docker.py::test_image", ROWS, str))


def test_a_skip_that_is_not_listed_is_not() -> None:
    assert "not-here.tsv" in str(complaint("tests/unit/test_report.py::test_it", ROWS, lambda _: None))


def test_the_file_has_three_columns(tmp_path: Path) -> None:
    path = tmp_path / "not-here.tsv"
    path.write_text("prefix\treason\tprogram\na\tb\tc\n")
    assert read(path) == [Row("a", "b", "c")]
    read()  # the real one can be read
