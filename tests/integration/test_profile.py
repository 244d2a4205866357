"""The command `profile` on real files: what it writes, what it refuses, and how much memory it takes."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from builders import mlops_ci
from mlops_ci.contracts.profile import read

pytestmark = pytest.mark.integration


def written(path: Path, seed: int = 0, rows: int = 2_000) -> Path:
    random = np.random.default_rng(seed)
    columns = {
        "temp": random.normal(10, 3, rows),
        "origin": random.choice(["JFK", "LGA"], rows).tolist(),
        "pin": [f"pin {at}" for at in range(rows)],
    }
    parquet.write_table(pa.table(columns), path)
    return path


def test_a_profile_is_written_and_parts_are_joined(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    for seed in (0, 1):
        written(folder / f"part {seed}.parquet", seed)
        ended = mlops_ci(folder, "profile", "--data", f"part {seed}.parquet", "--out", f"{seed}.json",
                         "--sensitive", "pin, temp")  # fmt: skip
        assert (ended.code, ended.stdout) == (0, "")
        assert f"{seed}.json: 2,000 rows, 3 columns" in ended.stderr
    assert "pin 1" not in (folder / "0.json").read_text()
    ended = mlops_ci(folder, "profile", "--merge", "0.json", "1.json", "--out", "all.json")
    assert ended.code == 0, ended.stderr
    joined = read(folder / "all.json", "all.json")
    assert joined.rows == 4_000
    assert [one.sensitive for one in joined.columns] == [True, False, True]


def test_csv_and_a_glob_are_read_like_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,t\n1,a\nNA,b\n")
    (tmp_path / "b.csv").write_text("x,t\n3,a\n4,\n")
    assert mlops_ci(tmp_path, "profile", "--data", "*.csv", "--out", "p.json").code == 0
    numbers, texts = read(tmp_path / "p.json", "p.json").columns
    assert (numbers.kind, numbers.missing, numbers.count) == ("number", 1, 3)
    assert (texts.kind, texts.missing, texts.count) == ("text", 1, 3)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--out", "p.json"], 2, "either --data PATH, or --merge"),
        (["--data", "a.parquet"], 2, "Missing option '--out'"),
        (["--data", "a.parquet", "--merge", "a.json", "--out", "p.json"], 2, "either --data PATH, or --merge"),
        (["--merge", "--out", "p.json"], 2, "either --data PATH, or --merge"),
        (["--data", "gone.parquet", "--out", "p.json"], 3, "does not exist"),
        (["--data", "empty.parquet", "--out", "p.json"], 3, "not one row"),
        (["--data", "broken.parquet", "--out", "p.json"], 3, "cannot be read"),
        (["--data", "a.parquet", "--sensitive", "nip", "--out", "p.json"], 2, "names nip, which the data do not have"),
        (["--data", "a.parquet", "--out", "gone/p.json"], 2, "cannot be written"),
        (["--merge", "gone.json", "--out", "p.json"], 3, "cannot be read"),
        (["--merge", "broken.parquet", "--out", "p.json"], 3, "is not a profile"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_file(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    written(tmp_path / "a.parquet")
    parquet.write_table(pa.table({"x": pa.array([], pa.int64())}), tmp_path / "empty.parquet")
    (tmp_path / "broken.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:900])
    ended = mlops_ci(tmp_path, "profile", *words)
    assert (ended.code, ended.stdout) == (code, "")
    assert said in ended.stderr
    assert not list(tmp_path.glob("p.json*"))


def test_a_full_disk_leaves_the_old_profile(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet", rows=20_000)
    (tmp_path / "p.json").write_text("old")
    ended = subprocess.run(
        [sys.executable, "-m", "mlops_ci", "profile", "--data", "a.parquet", "--out", "p.json"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096)),  # as good as a disk with no room
    )  # fmt: skip
    assert ended.returncode == 2
    assert "p.json cannot be written" in ended.stderr
    assert (tmp_path / "p.json").read_text() == "old"
    assert not list(tmp_path.glob("*.partial"))


CONTRACT = {
    "name": "rows",
    "expectations": [{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}, "meta": {}}],
    "meta": {},
}


def test_data_is_judged_against_its_profile_and_the_page_shows_where_it_lies(tmp_path: Path) -> None:
    written(tmp_path / "good.parquet", 0)
    written(tmp_path / "more.parquet", 1)
    table = parquet.read_table(written(tmp_path / "warm.parquet", 2))
    warmer = pa.array(table["temp"].to_numpy() + 1.5)
    parquet.write_table(table.set_column(0, "temp", warmer), tmp_path / "warm.parquet")
    (tmp_path / "contract.json").write_text(json.dumps(CONTRACT))
    assert mlops_ci(tmp_path, "profile", "--data", "good.parquet", "--out", "p.json", "--sensitive", "pin").code == 0
    judged = ["validate-data", "--contract", "contract.json", "--profile", "p.json"]
    same = mlops_ci(tmp_path, *judged, "--data", "more.parquet")
    assert same.code == 0, same.stderr
    drifted = mlops_ci(tmp_path, *judged, "--data", "warm.parquet", "--format", "json")
    assert drifted.code == 10, drifted.stderr
    report = json.loads(drifted.stdout)
    assert [one["code"] for one in report["findings"]] == ["MCI-DATA-002"]
    assert report["findings"][0]["title"].startswith("temp: distribution drifted")
    page = mlops_ci(tmp_path, *judged, "--data", "warm.parquet", "--format", "html").stdout
    assert page.count("<figure>") == 2
    assert page.index(">temp <") < page.index(">origin <")
    assert "pin " not in page
    few = mlops_ci(tmp_path, *judged, "--data", written(tmp_path / "few.parquet", 3, rows=50).name)
    assert few.code == 11
    assert "MCI-DATA-004" in few.stderr


PEAK = """
import resource, sys
from mlops_ci.cli.main import invoke
code = invoke(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
sys.exit(code)
"""


def peak(folder: Path, *words: str) -> int:
    """Return the most memory that a command took, in MB."""
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, *words], cwd=folder, capture_output=True, text=True, check=True, timeout=240
    )
    return int(ended.stdout)


def test_memory_does_not_grow_with_rows_nor_with_distinct_values(tmp_path: Path) -> None:
    """Two million different texts of 32 letters are 64 MB as they are, and several hundred as a table of counts."""
    for rows in (200_000, 2_000_000):
        schema = pa.schema({"id": pa.string(), "x": pa.float64()})
        with parquet.ParquetWriter(tmp_path / f"{rows}.parquet", schema) as writer:
            for start in range(0, rows, 100_000):
                at = np.arange(start, start + 100_000)
                table = pa.table({"id": np.char.zfill(at.astype(str), 32), "x": np.sin(at)}, schema)
                writer.write_table(table)
    small, large = (peak(tmp_path, "profile", "--data", f"{rows}.parquet", "--out", "p.json") for rows in
                    (200_000, 2_000_000))  # fmt: skip
    (column, _) = json.loads((tmp_path / "p.json").read_text())["columns"]
    assert column["categories"] is None
    assert column["distinct"] == pytest.approx(2_000_000, rel=0.06)
    assert large < small + 150
    assert (tmp_path / "p.json").stat().st_size < 40_000
