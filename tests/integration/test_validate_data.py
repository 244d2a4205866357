"""`mlops-ci validate-data` as a person or a workflow runs it: a program, files, an exit code and a report."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

pytestmark = pytest.mark.integration

FLIGHTS: dict[str, list[Any]] = {
    "id": ["a1", "a2", "a3", "a4"],
    "hour": [0, 7, 12, 23],
    "temp": [20.5, None, 31.0, 80.25],
    "carrier": ["AA", "B6", "AA", "9E"],
    "delayed": [0, 1, 0, 0],
}
CONTRACT: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_to_exist", {"column": "id"}),
    ("expect_table_columns_to_match_set", {"column_set": list(FLIGHTS)}),
    ("expect_table_row_count_to_be_between", {"min_value": 3, "max_value": 5}),
    ("expect_column_values_to_not_be_null", {"column": "temp", "mostly": 0.7}),
    ("expect_column_values_to_be_unique", {"column": "id"}),
    ("expect_column_values_to_be_between", {"column": "hour", "min_value": 0, "max_value": 23}),
    ("expect_column_values_to_be_in_set", {"column": "carrier", "value_set": ["AA", "B6", "9E"]}),
    ("expect_column_values_to_not_be_in_set", {"column": "carrier", "value_set": ["??"]}),
    ("expect_column_values_to_match_regex", {"column": "id", "regex": r"^a\d$"}),
    ("expect_column_value_lengths_to_be_between", {"column": "carrier", "min_value": 2, "max_value": 2}),
    ("expect_column_min_to_be_between", {"column": "temp", "min_value": -20}),
    ("expect_column_max_to_be_between", {"column": "temp", "max_value": 120}),
    ("expect_column_mean_to_be_between", {"column": "delayed", "min_value": 0.1, "max_value": 0.4}),
    ("expect_column_sum_to_be_between", {"column": "delayed", "min_value": 1, "max_value": 3}),
    ("expect_column_median_to_be_between", {"column": "hour", "min_value": 5, "max_value": 15}),
]
DEFECTS: list[tuple[str, dict[str, list[Any]], str]] = [
    ("expect_table_columns_to_match_set", {"gate": ["1"] * 4}, "the columns differ: unexpected gate"),
    ("expect_column_values_to_not_be_null", {"temp": [None, None, 1.0, 2.0]}, "temp: 2 of 4 values missing"),
    ("expect_column_values_to_be_unique", {"id": ["a1", "a1", "a3", "a4"]}, "id: 2 of 4 values not unique"),
    ("expect_column_values_to_be_between", {"hour": [0, 7, 12, 24]}, "hour: 1 of 4 values outside 0 … 23"),
    ("expect_column_values_to_be_in_set", {"carrier": ["AA", "ZZ", "AA", "AA"]}, "carrier: 1 of 4 values not among"),
    ("expect_column_values_to_not_be_in_set", {"carrier": ["AA", "??", "AA", "AA"]}, "carrier: 1 of 4 values among ??"),
    ("expect_column_values_to_match_regex", {"id": ["a1", "a2", "a3", "4"]}, r"id: 1 of 4 values not matching ^a\d$"),
    ("expect_column_value_lengths_to_be_between", {"carrier": ["AA", "A", "AA", "AA"]}, "carrier: 1 of 4 values of a"),
    ("expect_column_min_to_be_between", {"temp": [-40.5, 1.0, 1.0, 1.0]}, "temp: min -40.5 is below -20"),
    ("expect_column_max_to_be_between", {"temp": [150.5, 1.0, 1.0, 1.0]}, "temp: max 150.5 is above 120"),
    ("expect_column_mean_to_be_between", {"delayed": [0, 0, 0, 0]}, "delayed: mean 0 is outside 0.1 … 0.4"),
    ("expect_column_sum_to_be_between", {"delayed": [1, 1, 1, 1]}, "delayed: sum 4 is outside 1 … 3"),
    ("expect_column_median_to_be_between", {"hour": [0, 0, 0, 1]}, "hour: median 0 is outside 5 … 15"),
]


def project(
    root: Path,
    *,
    suffix: str = "parquet",
    data: dict[str, list[Any]] | None = None,
    contract: list[dict[str, Any]] | None = None,
) -> Path:
    """Write an ML repository with data of four rows and the contract they keep."""
    table = pa.table(FLIGHTS | (data or {}))
    path = root / f"flights.{suffix}"
    csv.write_csv(table, path) if suffix == "csv" else parquet.write_table(table, path)
    expectations = contract or [{"type": type_, "kwargs": kwargs} for type_, kwargs in CONTRACT]
    (root / "contract.json").write_text(json.dumps({"name": "flights", "expectations": expectations}, indent=1))
    (root / "mlops.yaml").write_text(f"data: {{path: flights.{suffix}, contract: contract.json}}\n")
    return root


def validate(root: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "mlops_ci", "validate-data", *flags]
    return subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)


def report(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / ".mlops-ci" / "reports" / "validate-data.json").read_text())
    return found


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_data_that_keeps_its_contract_passes(tmp_path: Path, suffix: str) -> None:
    done = validate(project(tmp_path, suffix=suffix))
    assert done.returncode == 0, done.stderr
    found = report(tmp_path)
    assert (found["verdict"], found["exit_code"], found["findings"]) == ("pass", 0, [])
    assert [one["metric"] for one in found["measurements"]] == [type_ for type_, _ in CONTRACT]
    assert {one["method"] for one in found["measurements"]} == {"duckdb"}
    assert set(found["tools"]) == {"duckdb"}
    assert all(digest.startswith("sha256:") for digest in found["inputs"].values())


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize(("type_", "data", "title"), DEFECTS, ids=[type_ for type_, _, _ in DEFECTS])
def test_a_planted_defect_is_found(
    tmp_path: Path, type_: str, data: dict[str, list[Any]], title: str, suffix: str
) -> None:
    done = validate(project(tmp_path, suffix=suffix, data=data))
    assert done.returncode == 10, done.stderr
    broken = {one["metric"] for one in report(tmp_path)["measurements"] if one["verdict"] == "fail"}
    assert type_ in broken
    assert any(one["title"].startswith(title) for one in report(tmp_path)["findings"])


def test_too_few_rows_and_a_missing_column_are_found(tmp_path: Path) -> None:
    root = project(tmp_path)
    parquet.write_table(pa.table({"id": ["a1"], "hour": [1]}), root / "flights.parquet")
    assert validate(root).returncode == 10
    titles = [one["title"] for one in report(root)["findings"]]
    assert "1 rows, outside 3 … 5" in titles
    assert "temp: the column is missing" in titles


def test_a_finding_points_at_the_contract_and_shows_the_values(tmp_path: Path) -> None:
    validate(project(tmp_path, data={"hour": [0, 7, 12, 24]}))
    (finding,) = report(tmp_path)["findings"]
    line = finding["location"]["line"]
    assert finding["location"] == {"path": "contract.json", "line": line, "column": None, "name": "hour"}
    block = (tmp_path / "contract.json").read_text().splitlines()[line - 1 : line + 1]
    assert block[0].strip() == "{"
    assert "expect_column_values_to_be_between" in block[1]
    assert finding["evidence"]["unexpected"] == [{"value": 24, "row": 4, "file": "flights.parquet"}]
    assert "First: 24 (row 4 of flights.parquet)" in finding["message"]


def test_a_warning_informs_until_strict_is_asked_for(tmp_path: Path) -> None:
    broken = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 9}, "severity": "warning"}
    root = project(tmp_path, contract=[broken])
    assert validate(root).returncode == 0
    assert report(root)["findings"][0]["effect"] == "informs"
    assert validate(root, "--strict").returncode == 10


def test_a_glob_judges_all_its_files_as_one_table(tmp_path: Path) -> None:
    root = project(tmp_path, contract=[{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 8}}])
    parquet.write_table(pa.table(FLIGHTS), root / "more.parquet")
    assert validate(root, "--data", "*.parquet").returncode == 0


def test_what_does_not_compile_is_judged_by_great_expectations(tmp_path: Path) -> None:
    parseable = {"type": "expect_column_values_to_be_json_parseable", "kwargs": {"column": "carrier"}}
    some = {"column": "hour", "max_value": 9, "row_condition": "hour.abs() > 7", "condition_parser": "pandas"}
    between = {"type": "expect_column_values_to_be_between", "kwargs": some}
    done = validate(project(tmp_path, contract=[parseable, between]))
    assert done.returncode == 10, done.stderr
    found = report(tmp_path)
    assert {one["method"] for one in found["measurements"]} == {"great_expectations"}
    assert [one["title"] for one in found["findings"]] == [
        "carrier: 4 of 4 values not JSON",
        "hour: 2 of 2 values above 9",
    ]
    assert set(found["tools"]) == {"duckdb", "great_expectations"}
    assert done.stdout == ""
    assert "Calculating" not in done.stderr
    assert "Warning" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [".mlops-ci", "contract.json", "flights.parquet", "mlops.yaml"]
    )


def test_arguments_that_make_no_sense_are_a_usage_problem_with_their_line(tmp_path: Path) -> None:
    nonsense = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "hour"}}
    done = validate(project(tmp_path, contract=[nonsense]))
    assert done.returncode == 2
    assert "contract.json:4: expect_column_values_to_be_between(hour): " in done.stderr


BAD: list[tuple[str, str, bytes, int, str]] = [
    ("flights.parquet", "no such file", b"", 3, "flights.parquet does not exist. Make the data first"),
    ("flights.parquet", "write", b"not Parquet", 3, "flights.parquet cannot be read: "),
    ("flights.parquet", "rows", b"", 3, "not one row. Make the data again"),
    ("contract.json", "no such file", b"", 3, "The contract contract.json does not exist. Write the contract"),
    ("contract.json", "write", b"{", 3, "contract.json:1:2 is not JSON"),
    ("contract.json", "write", b'{"expectations": []}', 3, "contract.json holds no expectations"),
    ("contract.json", "write", b'{"expectations":\n[{"type": "expect_colum_to_exist"}]}', 2, "contract.json:2: Great"),
    (
        "mlops.yaml",
        "write",
        b"data: {contract: contract.json}\n",
        2,
        "It is not said which data to judge. Say it with --data",
    ),
]


@pytest.mark.parametrize(("name", "how", "content", "code", "said"), BAD, ids=[f"{one[0]}: {one[4]}" for one in BAD])
def test_bad_input_says_that_nothing_was_judged_and_what_to_do(
    tmp_path: Path, name: str, how: str, content: bytes, code: int, said: str
) -> None:
    path = project(tmp_path) / name
    path.unlink()
    if how == "rows":
        parquet.write_table(pa.table(FLIGHTS).slice(0, 0), path)
    elif how == "write":
        path.write_bytes(content)
    done = validate(tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert "nothing was judged" in done.stderr.splitlines()[0]
    assert said in done.stderr
    assert (report(tmp_path)["verdict"], report(tmp_path)["judged"]) == (None, False)


def test_help_loads_no_heavy_library(tmp_path: Path) -> None:
    argv = [sys.executable, "-X", "importtime", "-m", "mlops_ci", "validate-data", "--help"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "mlops_ci" in loaded
    assert loaded.isdisjoint({"duckdb", "pandas", "numpy", "pyarrow", "great_expectations"})


def test_a_contract_that_compiles_never_loads_great_expectations(tmp_path: Path) -> None:
    argv = [sys.executable, "-X", "importtime", "-m", "mlops_ci", "validate-data"]
    done = subprocess.run(argv, cwd=project(tmp_path), capture_output=True, text=True, check=True)
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "duckdb" in loaded
    assert loaded.isdisjoint({"pandas", "great_expectations"})


def test_paths_on_the_command_line_are_relative_to_the_current_folder(tmp_path: Path) -> None:
    folder = project(tmp_path) / "notebooks"
    folder.mkdir()
    done = validate(folder, "--data", "../*.parquet", "--contract", "../contract.json")
    assert done.returncode == 0, done.stderr
    assert not (folder / ".mlops-ci").exists()
