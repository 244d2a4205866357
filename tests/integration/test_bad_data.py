"""Broken data, on purpose: each is named in one sentence with the right exit code, never a pass and never a hang."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from builders import validated, write_contract

pytestmark = pytest.mark.integration

Expectations = list[tuple[str, dict[str, Any]]]
ROWS: Expectations = [("expect_table_row_count_to_be_between", {"min_value": 1})]
NAMES = [
    'we"ird "" name',
    "with space",
    "semi; DROP TABLE files; --",
    "it's",
    "ключ",
    "a.b",
    "[x]",
    "%s",
    "{}",
    "new\nline",
]


def argv(*flags: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "mlops_ci",
        "validate-data",
        "--contract",
        "contract.json",
        "--format",
        "json",
        *flags,
    ]


def validate(root: Path, *flags: str, expectations: Expectations = ROWS) -> tuple[int, dict[str, Any], str]:
    """Return exit code, report and what was said."""
    write_contract(root, expectations)
    return validated(root, *flags)


def refused(root: Path, content: dict[str, bytes], pattern: str = "*.csv") -> str:
    """Return what is said of files that cannot be judged."""
    for name, raw in content.items():
        (root / name).write_bytes(raw)
    code, report, said = validate(root, "--data", pattern)
    assert (code, report["verdict"]) == (3, None), said
    return " ".join(said.split())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"a.csv": b"a,b\n1,2\n3\n"}, "a.csv cannot be read: line 3 has 1 cells where the header has 2"),
        ({"a.csv": b"a,b\n1,2\n3,4,5\n"}, "line 3 has 3 cells where the header has 2"),
        ({"a.csv": b'a,b\n"x\ny",2\n3\n'}, "line 4 has 1 cells"),
        (
            {"a.csv": "a,b\n1,2\nMüller,2\n".encode("latin-1")},
            "byte 0xfc at or after line 1 is not UTF-8. Save",
        ),
        ({"a.csv": "a,b\n1,2\n".encode("utf-16")}, "is not UTF-8"),
        ({"a.csv": b"a,b,A\n1,2,3\n"}, "a.csv has the column a twice, or in capitals and not"),
        ({"a.csv": b""}, "a.csv is empty: not even a header"),
        ({"a.csv": b"a,b\n"}, "not one row"),
        ({"a.csv": b'a,b\n1,"x\n99,y\n'}, "a.csv cannot be read: unexpected end of data"),
        ({"a.csv": b"a,b\n1,2\n", "b.csv": b"a,c\n1,2\n"}, "differ in their columns: only one of them has b, c"),
    ],
    ids=["short", "long", "quoted", "latin-1", "utf-16", "twice", "empty", "no rows", "open quote", "differ"],
)
def test_csv_that_cannot_be_read(tmp_path: Path, content: dict[str, bytes], said: str) -> None:
    assert said in refused(tmp_path, content)


@pytest.mark.parametrize(
    "raw",
    [
        b"a,b\r\n1,2\n3,4\r5,6\r\n",
        b"\xef\xbb\xbfa,b\n1,2\n3,4\n5,6\n",
        b"a,b\r1,2\r3,4\r5,6\r",
        b"a,b\n1,2\n3,4\n5,6",
    ],
    ids=["mixed line ends", "mark", "carriage returns", "no last line end"],
)
def test_csv_that_only_looks_odd_is_judged(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(raw)
    expectations: Expectations = [
        ("expect_table_columns_to_match_set", {"column_set": ["a", "b"]}),
        ("expect_table_row_count_to_be_between", {"min_value": 3, "max_value": 3}),
        ("expect_column_values_to_be_between", {"column": "b", "min_value": 2, "max_value": 5}),
    ]
    code, report, said = validate(tmp_path, "--data", "a.csv", expectations=expectations)
    assert code == 10, said
    (found,) = [one for one in report["measurements"] if one["verdict"] == "fail"]
    assert found["evidence"]["unexpected"] == [{"value": 6, "row": 3, "file": "a.csv"}]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"a": 1}\n{"a": \n', "cannot be read"),
        (b'{"a": 1, "a": 2}\n', "duplicate key"),
        (b'{"a": 1}\n5\n', "a line is no JSON object"),
        (b'{"": 1}\n', "cannot be read"),
        (b"[1, 2]\n", "its first line is no JSON object"),
        (b"", "not one row"),
    ],
)
def test_json_lines_that_cannot_be_read(tmp_path: Path, raw: bytes, said: str) -> None:
    assert said in refused(tmp_path, {"a.jsonl": raw}, "a.jsonl")


def test_a_compressed_file_that_is_cut_off(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 100_000)
    assert "a.csv.gz cannot be read" in refused(tmp_path, {"a.csv.gz": packed[:-20]}, "a.csv.gz")


def test_a_parquet_file_that_is_cut_off(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": list(range(1000))}), tmp_path / "whole.parquet")
    raw = (tmp_path / "whole.parquet").read_bytes()
    for end in (0, 3, len(raw) // 2, len(raw) - 4):
        assert "a.parquet cannot be read" in refused(tmp_path, {"a.parquet": raw[:end]}, "a.parquet")


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_column_that_changes_its_type_between_partitions(tmp_path: Path, suffix: str) -> None:
    for name, values in (("1", pa.array([1, 2])), ("2", pa.array(["1", "x"]))):
        table = pa.table({"a": values})
        if suffix == "parquet":
            parquet.write_table(table, tmp_path / f"{name}.parquet")
        else:
            with (
                pa.OSFile(str(tmp_path / f"{name}.arrow"), "wb") as sink,
                pa.ipc.new_file(sink, table.schema) as writer,
            ):
                writer.write_table(table)
    said = refused(tmp_path, {}, f"*.{suffix}")
    assert f"a is BIGINT in 1.{suffix} and VARCHAR in 2.{suffix}" in said


def test_wider_numbers_and_a_partition_of_nulls_are_no_other_type(tmp_path: Path) -> None:
    for name, values in (
        ("1", pa.array([1, 2], pa.int32())),
        ("2", pa.array([3.5, 4.0])),
        ("3", pa.nulls(2)),
    ):
        parquet.write_table(pa.table({"a": values}), tmp_path / f"{name}.parquet")
    code, _, said = validate(tmp_path, "--data", "*.parquet")
    assert code == 0, said


def test_a_name_that_stands_twice_in_parquet(tmp_path: Path) -> None:
    for at, names in enumerate((["a", "a"], ["a", "A"])):
        parquet.write_table(
            pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=names), tmp_path / f"{at}.parquet"
        )
        assert "has the column a twice" in refused(tmp_path, {}, f"{at}.parquet").replace("column A", "column a")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_names_are_names_whatever_stands_in_them(tmp_path: Path, suffix: str) -> None:
    table = pa.table({name: [1, 2, 300] for name in NAMES} | {"text": ["'; DROP TABLE files; --", '"', "\\"]})
    if suffix == "csv":
        csv.write_csv(table, tmp_path / "a.csv", csv.WriteOptions(quoting_header="all_valid"))
    else:
        parquet.write_table(table, tmp_path / "a.parquet")
    expectations: Expectations = [
        *(("expect_column_values_to_be_between", {"column": name, "min_value": 0, "max_value": 5}) for name in NAMES),
        ("expect_column_values_to_be_in_set", {"column": "text", "value_set": ["'; DROP TABLE files; --", '"', "\\"]}),
        ("expect_column_values_to_not_match_regex", {"column": "text", "regex": "'\\) OR 1=1; --"}),
        ("expect_column_values_to_not_match_like_pattern", {"column": "text", "like_pattern": "%') OR 1=1; --"}),
    ]
    code, report, said = validate(tmp_path, "--data", f"a.{suffix}", expectations=expectations)
    assert code == 10, said
    assert [one["verdict"] for one in report["measurements"]] == ["fail"] * len(NAMES) + ["pass"] * 3


def test_all_null_columns_are_judged(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": pa.nulls(3), "b": pa.array([None] * 3, pa.float64())}), tmp_path / "a.parquet")
    expectations: Expectations = [
        ("expect_column_values_to_not_be_null", {"column": "a"}),
        ("expect_column_values_to_be_null", {"column": "b"}),
        ("expect_column_values_to_be_between", {"column": "b", "min_value": 0}),
        ("expect_column_max_to_be_between", {"column": "b", "min_value": 0}),
    ]
    code, report, said = validate(tmp_path, "--data", "a.parquet", expectations=expectations)
    assert code == 10, said
    assert [one["verdict"] for one in report["measurements"]] == ["fail", "pass", "pass", "fail"]


def test_an_interrupted_run_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": pa.array(range(3_000_000))}), tmp_path / "a.parquet")
    write_contract(tmp_path, ROWS)
    # A query that would take hours stands for data that takes long.
    query = "SELECT sum(x.a * y.a) AS a FROM data x, data y"
    flags = argv("--data", "a.parquet", "--query", query, "--quarantine", "bad.parquet")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(flags, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment) as running:  # fmt: skip
        until = time.monotonic() + 60
        while not any(temporary.iterdir()) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        began = time.monotonic()
        try:
            out, said = running.communicate(timeout=30)
        finally:
            running.kill()
    assert time.monotonic() - began < 10
    assert running.returncode == 130, said
    assert json.loads(out)["verdict"] is None
    assert "interrupted before a judgement was made" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mlops-ci", "a.parquet", "contract.json", "tmp"]
    assert not list(temporary.iterdir())


def test_a_category_of_millions_of_values_is_counted_in_bounded_memory(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        rows = "SELECT md5(CAST(range AS VARCHAR)) AS name FROM range(5000000)"
        connection.execute(f"COPY ({rows}) TO '{tmp_path / 'a.parquet'}' (FORMAT parquet)")
    about = {"column": "name"}
    write_contract(
        tmp_path,
        [
            ("expect_column_values_to_be_unique", about),
            ("expect_column_values_to_be_in_set", about | {"value_set": ["a", "b"]}),
            ("expect_column_distinct_values_to_be_in_set", about | {"value_set": ["a", "b"]}),
            ("expect_column_unique_value_count_to_be_between", about | {"min_value": 5_000_000}),
            ("expect_column_most_common_value_to_be_in_set", about | {"value_set": ["a"]}),
        ],
    )
    with subprocess.Popen(argv("--data", "a.parquet"), cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        out = running.stdout.read() if running.stdout else ""
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 10
    assert [one["verdict"] for one in json.loads(out)["measurements"]] == ["pass", "fail", "fail", "pass", "fail"]
    assert len(out) < 100_000  # the values are not listed
    assert used.ru_maxrss < 2_000_000  # kilobytes


def test_a_column_that_its_folder_names_too_is_refused(tmp_path: Path) -> None:
    (tmp_path / "h/m=1").mkdir(parents=True)
    parquet.write_table(pa.table({"m": [7], "x": [1]}), tmp_path / "h/m=1/a.parquet")
    assert "has the column m, and its folder says m=" in refused(tmp_path, {}, "h")


def test_links_in_circles_bring_no_row_twice(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/again").symlink_to(tmp_path / "d")
    parquet.write_table(pa.table({"x": [1]}), tmp_path / "d/a.parquet")
    for pattern in ("d", "d/**/*.parquet"):
        code, report, said = validate(tmp_path, "--data", pattern)
        assert (code, report["measurements"][0]["value"]) == (0, 1), said


def test_ids_beyond_64_bits_keep_every_digit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\n100000000000000000001,1\n100000000000000000002,2\n")
    unique: Expectations = [("expect_column_values_to_be_unique", {"column": "id"})]
    assert validate(tmp_path, "--data", "a.csv", expectations=unique)[0] == 0


def test_what_is_judged_is_not_overwritten_by_its_quarantine(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"x": [1, 5]}), tmp_path / "d.parquet")
    (tmp_path / "link.parquet").symlink_to(tmp_path / "d.parquet")
    small: Expectations = [("expect_column_values_to_be_between", {"column": "x", "max_value": 2})]
    for name in ("d.parquet", "link.parquet"):
        code, _, said = validate(tmp_path, "--data", "d.parquet", "--quarantine", name, expectations=small)
        assert (code, "is what is judged" in said) == (2, True)
    assert parquet.read_table(tmp_path / "d.parquet").num_rows == 2


def test_a_column_of_nan_is_compared_with_its_profile(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"x": [float(at) for at in range(500)]}), tmp_path / "good.parquet")
    parquet.write_table(pa.table({"x": [float("nan")] * 500}), tmp_path / "nan.parquet")
    made = [sys.executable, "-m", "mlops_ci", "profile", "--data", "good.parquet", "--out", "p.json"]
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    code, report, said = validate(tmp_path, "--data", "nan.parquet", "--profile", "p.json")
    assert (code, "MCI-DATA-002" in {one["code"] for one in report["findings"]}) == (10, True), said


def test_a_place_that_cannot_be_written_changes_no_verdict(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"x": [1]}), tmp_path / "d.parquet")
    write_contract(tmp_path, ROWS)
    (tmp_path / ".mlops-ci").write_text("a file where a folder should be")
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/nothere/summary", "GITHUB_OUTPUT": "/nothere/out"}
    code, report, said = validated(tmp_path, "--data", "d.parquet", **environment)
    assert (code, report["verdict"]) == (0, "pass")
    assert said.count("cannot be written") >= 4
