"""The same contract over every source of data, as `mlops-ci validate-data` reads it, with the real programs."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi
import duckdb
import pyarrow as pa
import pytest
from pyarrow import csv, feather, fs, parquet

from builders import PROGRAMS, validated, write_contract

pytestmark = pytest.mark.integration

GOOD: dict[str, list[Any]] = {"id": [1, 2, 3, 4], "name": ["a", "b", None, "ü"], "price": [0.5, 1.5, 2.5, 3.5]}
BAD = GOOD | {"price": [0.5, 1.5, 2.5, 99.0]}
CONTRACT: list[tuple[str, dict[str, Any]]] = [
    ("expect_table_columns_to_match_set", {"column_set": ["id", "name", "price"]}),
    ("expect_column_values_to_be_unique", {"column": "id"}),
    ("expect_column_values_to_not_be_null", {"column": "name", "mostly": 0.7}),
    ("expect_column_values_to_be_between", {"column": "price", "min_value": 0, "max_value": 10}),
]


def validate(root: Path, *flags: str, **environment: str) -> tuple[int, dict[str, Any], str]:
    """Return exit code, report and what was said."""
    write_contract(root, CONTRACT)
    return validated(root, *flags, **environment)


def breaches(report: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    return [
        (one["metric"], [place["row"] for place in one["evidence"]["unexpected"]])
        for one in report["measurements"]
        if one["verdict"] == "fail"
    ]


def write(path: Path, data: dict[str, list[Any]]) -> Path:
    """Write a table in the format that the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(data)
    if path.suffix == ".parquet":
        parquet.write_table(table, path)
    elif path.suffix == ".csv":
        csv.write_csv(table, path)
    elif path.suffix == ".jsonl":
        rows = [json.dumps(row, ensure_ascii=False) for row in table.to_pylist()]
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    else:
        feather.write_feather(table, path)
    return path


def database(path: Path, rows: dict[str, list[Any]]) -> Path:
    """Write a DuckDB or SQLite file with a table of prices."""
    values = list(zip(*rows.values(), strict=True))
    connection: Any = sqlite3.connect(path) if path.suffix == ".sqlite" else duckdb.connect(path)
    connection.execute("CREATE TABLE prices (id BIGINT, name TEXT, price DOUBLE)")
    connection.executemany("INSERT INTO prices VALUES (?, ?, ?)", values)
    connection.execute('CREATE TABLE "other; table" (x BIGINT)')
    if path.suffix == ".sqlite":
        connection.commit()
    connection.close()
    return path


EXPECTED = [("expect_column_values_to_be_between", [4])]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl", "arrow", "feather"])
def test_a_file_of_each_format(tmp_path: Path, suffix: str) -> None:
    assert validate(tmp_path, "--data", str(write(tmp_path / f"good.{suffix}", GOOD)))[0] == 0
    code, report, _ = validate(tmp_path, "--data", write(tmp_path / f"bad.{suffix}", BAD).name)
    assert (code, breaches(report)) == (10, EXPECTED)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_folders_named_like_keys_are_columns(tmp_path: Path, suffix: str) -> None:
    root = tmp_path / "above=1"
    for year, data in ((2024, GOOD), (2025, BAD)):
        write(root / f"data/year={year}/part.{suffix}", {"id": data["id"], "price": data["price"]})
    flags = ("--data", "data", "--query", "SELECT year AS id, 'x' AS name, price FROM data ORDER BY year, price")
    code, report, said = validate(root, *flags)
    assert code == 10, said
    assert breaches(report) == [("expect_column_values_to_be_unique", list(range(1, 9))), (EXPECTED[0][0], [8])]


def test_a_glob_takes_its_files_in_order(tmp_path: Path) -> None:
    write(tmp_path / "m/1.parquet", GOOD | {"id": [5, 6, 7, 8]})
    write(tmp_path / "m/2.parquet", BAD)
    _, report, _ = validate(tmp_path, "--data", "m/*.parquet")
    (found,) = [one for one in report["measurements"] if one["verdict"] == "fail"]
    assert found["evidence"]["unexpected"] == [{"value": 99.0, "row": 4, "file": "m/2.parquet"}]


@pytest.mark.parametrize("suffix", ["sqlite", "duckdb"])
def test_a_table_or_a_query_of_a_database_file(tmp_path: Path, suffix: str) -> None:
    name = database(tmp_path / f"prices.{suffix}", BAD).name
    assert breaches(validate(tmp_path, "--data", name, "--table", "prices")[1]) == EXPECTED
    query = "SELECT id, name, price / 100 AS price FROM prices"
    assert validate(tmp_path, "--data", name, "--query", query)[0] == 0
    code, _, said = validate(tmp_path, "--data", name)
    assert (code, "several tables or none: other; table, prices" in said) == (2, True)
    code, _, said = validate(tmp_path, "--data", name, "--table", "nothere")
    assert (code, "has no table nothere" in said) == (3, True)
    code, _, said = validate(tmp_path, "--data", name, "--query", "SELECT nothere FROM prices")
    assert (code, "Correct" in said) == (2, True)
    assert validate(tmp_path, "--data", name, "--query", query, "--table", "prices")[0] == 2


def test_values_of_several_kinds_in_a_sqlite_column_are_text(tmp_path: Path) -> None:
    path = database(tmp_path / "prices.sqlite", GOOD)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE prices SET id = 'two' WHERE id = 2")
    _, report, _ = validate(tmp_path, "--data", path.name, "--table", "prices")
    assert report["verdict"] == "pass"


def test_a_query_sees_only_the_data(tmp_path: Path) -> None:
    write(tmp_path / "good.csv", GOOD)
    write(tmp_path / "secret.csv", GOOD)
    query = f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')"  # noqa: S608 - the attack
    code, _, said = validate(tmp_path, "--data", "good.csv", "--query", query)
    assert (code, "cannot be answered" in said) == (2, True)
    code, _, said = validate(tmp_path, "--data", "good.csv", "--query", "SELECT * FROM data; DROP TABLE files")
    assert code == 2


def test_outside_of_git_there_is_no_revision(tmp_path: Path) -> None:
    write(tmp_path / "prices.parquet", GOOD)
    code, _, said = validate(tmp_path, "--data", "prices.parquet", "--rev", "main")
    assert (code, "is not a git repository" in said) == (2, True), said


def test_a_dvc_tracked_path_at_a_revision(tmp_path: Path) -> None:
    def run(*argv: str) -> None:
        env = os.environ | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, env=env)

    run("git", "init", "-q", "-b", "main")
    run("dvc", "init", "-q")
    for tag, data in (("good", GOOD), ("bad", BAD)):
        write(tmp_path / "data/prices.parquet", data)
        run("dvc", "add", "-q", "data/prices.parquet")
        run("git", "add", "--all")
        run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", tag)
        run("git", "tag", tag)
    assert validate(tmp_path, "--data", "data/prices.parquet")[0] == 10
    code, report, said = validate(tmp_path, "--data", "data/prices.parquet", "--rev", "good")
    assert (code, len(report["measurements"])) == (0, 4), said
    assert breaches(validate(tmp_path, "--data", "data", "--rev", "bad")[1]) == EXPECTED
    assert breaches(validate(tmp_path, "--data", "data/*.parquet", "--rev", "bad")[1]) == EXPECTED
    for flags in (("--data", "data/prices.parquet", "--rev", "v9"), ("--data", "data/x.parquet", "--rev", "good")):
        code, _, said = validate(tmp_path, *flags)
        assert (code, "cannot be had at revision" in said) == (3, True), said


def free_port(below: int = 65_536) -> int:
    while True:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            port = int(listening.getsockname()[1])
        if port < below:
            return port


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a PostgreSQL server of our own; return its URL."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    folder = Path("/tmp") / f"mlops-ci-postgres-{os.getpid()}"  # noqa: S108 - another user must reach it
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    # The server refuses to run as root.
    user: list[str | Path] = (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    )
    port = free_port()
    made = [*user, programs / "initdb", "-D", folder / "data", "-U", "ci", "-A", "trust"]
    subprocess.run(made, check=True, cwd=folder, capture_output=True)
    argv = [*user, programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder, "-h", "127.0.0.1"]
    server = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"postgresql://ci:pass@127.0.0.1:{port}/postgres"
    try:
        until = time.monotonic() + 30
        while subprocess.run([programs / "pg_isready", "-q", "-d", url], check=False).returncode:
            assert time.monotonic() < until
            time.sleep(0.1)
        with adbc_driver_postgresql.dbapi.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute('CREATE TABLE "good prices" (id bigint, name text, price numeric(10,2))')
            cursor.execute("CREATE TABLE bad (id integer, name varchar, price double precision)")
            for name, data in (('"good prices"', GOOD), ("bad", BAD)):
                for row in zip(*data.values(), strict=True):
                    cursor.execute(f"INSERT INTO {name} VALUES ($1, $2, {row[2]})", row[:2])  # noqa: S608 - ours
            connection.commit()
        yield url
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_table_or_a_query_of_postgres(tmp_path: Path, postgres: str) -> None:
    code, report, said = validate(tmp_path, "--data", postgres, "--table", "good prices")
    assert (code, report["tools"].keys() >= {"duckdb"}) == (0, True), said
    _, report, _ = validate(tmp_path, "--data", postgres, "--table", "public.bad")
    assert breaches(report) == EXPECTED
    assert validate(tmp_path, "--data", postgres, "--query", "SELECT id, name, price / 100 AS price FROM bad")[0] == 0
    assert validate(tmp_path, "--data", postgres)[0] == 2
    code, _, said = validate(tmp_path, "--data", postgres, "--table", 'no"; DROP TABLE bad; --')
    assert (code, "no such table" in said) == (3, True)
    code, _, said = validate(tmp_path, "--data", postgres, "--query", "SELECT nothere FROM bad")
    assert (code, "cannot be answered" in said) == (2, True)
    assert breaches(validate(tmp_path, "--data", postgres, "--table", "bad")[1]) == EXPECTED


def test_a_database_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://ci:hunter2@127.0.0.1:{free_port()}/x"
    code, report, said = validate(tmp_path, "--data", url, "--table", "t")
    assert (code, report["verdict"]) == (5, None)
    assert "hunter2" not in said + json.dumps(report)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start an S3-compatible store; return its endpoint."""
    folder = tmp_path_factory.mktemp("store")
    ports = [free_port(below=50_000) for _ in range(6)]  # it listens on each plus 10,000, too
    names = ("-master.port", "-volume.port", "-filer.port", "-s3.port", "-s3.port.iceberg", "-s3.port.lance")
    flags = [f"{name}={port}" for name, port in zip(names, ports, strict=True)]
    secret = {"accessKey": "key", "secretKey": "word"}
    identity = {"name": "ci", "credentials": [secret], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    flags += ["-s3", f"-s3.config={folder / 's3.json'}", "-ip=127.0.0.1"]
    argv = [str(PROGRAMS / "weed"), "server", f"-dir={folder}", *flags]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{ports[3]}"
    keys = {"access_key": "key", "secret_key": "word"}
    client = fs.S3FileSystem(**keys, endpoint_override=endpoint, allow_bucket_creation=True)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                client.create_dir("bucket")
                break
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.5)
        for key, data in (("prices/good.parquet", GOOD), ("prices/m/bad.parquet", BAD)):
            with client.open_output_stream(f"bucket/{key}") as stream:
                parquet.write_table(pa.table(data), stream)
        yield endpoint
    finally:
        server.terminate()
        server.wait(30)


def test_objects_of_a_store(tmp_path: Path, store: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "word", "AWS_ENDPOINT_URL": store}
    code, _, said = validate(tmp_path, "--data", "s3://bucket/prices/good.parquet", **keys)
    assert code == 0, said
    assert validate(tmp_path, "--data", "s3://bucket/prices/*.parquet", **keys)[0] == 0
    _, report, _ = validate(tmp_path, "--data", "s3://bucket/prices/m/", **keys)
    assert breaches(report) == EXPECTED
    code, _, said = validate(tmp_path, "--data", "s3://bucket/nothere.parquet", **keys)
    assert (code, "matches no object" in said) == (3, True), said
    gone = keys | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}", "AWS_MAX_ATTEMPTS": "1"}
    wrong = keys | {"AWS_SECRET_ACCESS_KEY": "wrong"}
    for environment in (gone, wrong):
        code, report, said = validate(tmp_path, "--data", "s3://bucket/prices/good.parquet", **environment)
        assert (code, report["verdict"]) == (5, None), said
