"""A contract from its proposal to its change, and what else `validate-data` finds, with real files and git."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

pytestmark = pytest.mark.integration

ROWS = 2_000
SHARES = {"EWR": 0.5, "JFK": 0.3, "LGA": 0.2}
REQUEST = {"schema": "mlops-ci.request/v1", "request_id": "r", "output": {"score": 0.1}, "status": 200}


def mlops_ci(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "mlops_ci", *words]
    return subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False, timeout=120)


def flights(**changes: str) -> pa.Table:
    """Return flights that are the same each time; changes are SQL by column."""
    columns = {
        "id": "format('f{:04d}', i)",
        "month": "CAST(1 + i % 12 AS BIGINT)",
        "origin": "CASE WHEN hash(i) % 10 < 5 THEN 'EWR' WHEN hash(i) % 10 < 8 THEN 'JFK' ELSE 'LGA' END",
        "temp": "CASE WHEN i % 50 = 0 THEN NULL ELSE round(50 + 20 * sin(i) + (hash(i) % 100) / 10, 2) END",
        "email": "format('u{}@example.org', i)",
        "delayed": "CAST(hash(i, 1) % 4 = 0 AS BIGINT)",
    } | changes
    selected = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    with duckdb.connect() as connection:
        return connection.sql(f"SELECT {selected} FROM range({ROWS}) AS t (i)").to_arrow_table()  # noqa: S608 - ours


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with good data and the contract that was proposed for them."""
    parquet.write_table(flights(), tmp_path / "flights.parquet")
    done = mlops_ci(tmp_path, "contract", "infer", "--data", "flights.parquet", "--name", "flights", "--out", "c.json")
    assert done.returncode == 0, done.stderr
    return tmp_path


def validate(root: Path, *flags: str) -> tuple[int, dict[str, Any], str]:
    done = mlops_ci(root, "validate-data", "--contract", "c.json", "--format", "json", *flags)
    return done.returncode, json.loads(done.stdout), done.stderr


def codes(report: dict[str, Any]) -> set[str]:
    return {one["code"] for one in report["findings"]}


def edit(root: Path, type_: str, column: str | None, name: str = "c.json", **kwargs: Any) -> None:  # noqa: ANN401 - arguments of any kind
    """Change the arguments of one expectation."""
    suite = json.loads((root / name).read_text())
    (one,) = [one for one in suite["expectations"] if one["type"] == type_ and one["kwargs"].get("column") == column]
    one["kwargs"] |= kwargs
    (root / name).write_text(json.dumps(suite, indent=1))


def test_a_proposed_contract_is_kept_by_its_data_and_sound(root: Path) -> None:
    code, report, said = validate(root, "--data", "flights.parquet", "--strict")
    assert (code, codes(report)) == (0, set()), said
    assert mlops_ci(root, "contract", "check", "c.json").returncode == 0
    assert all(one["meta"]["notes"] for one in json.loads((root / "c.json").read_text())["expectations"])


@pytest.mark.parametrize(
    "change",
    [
        {"id": "'f1'"},
        {"month": "CAST(14 AS BIGINT)"},
        {"origin": "'XXX'"},
        {"temp": "CASE WHEN i = 7 THEN 500.0 ELSE 50.0 END"},
        {"temp": "NULL::DOUBLE"},
        {"email": "'nobody'"},
        {"gate": "1"},
    ],
    ids="".join,
)
def test_a_proposed_contract_catches_what_is_planted(root: Path, change: dict[str, str]) -> None:
    parquet.write_table(flights(**change), root / "bad.parquet")
    assert validate(root, "--data", "bad.parquet")[0] == 10


def test_a_change_that_breaks_somebody_blocks_until_the_version_says_so(root: Path) -> None:
    (root / "old.json").write_text((root / "c.json").read_text())
    edit(root, "expect_column_values_to_be_in_set", "month", value_set=list(range(14)))
    done = mlops_ci(root, "contract", "diff", "old.json", "c.json", "--format", "json")
    assert done.returncode == 10, done.stderr
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["code"], finding["effect"], finding["location"]["name"]) == ("MCI-DATA-005", "blocks", "month")
    suite = json.loads((root / "c.json").read_text()) | {"meta": {"version": "2.0.0"}}
    (root / "c.json").write_text(json.dumps(suite))
    done = mlops_ci(root, "contract", "diff", "old.json", "c.json", "--format", "json")
    assert (done.returncode, json.loads(done.stdout)["findings"][0]["effect"]) == (0, "informs")


def test_a_pull_request_that_weakens_the_contract_is_found(root: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "--all")
    git("commit", "-qm", "contract")
    flags = ("--data", "flights.parquet", "--base", "main")
    assert codes(validate(root, *flags)[1]) == set()
    edit(root, "expect_table_row_count_to_be_between", None, min_value=1500)
    code, report, _ = validate(root, *flags)
    assert (code, codes(report)) == (0, {"MCI-POLICY-001", "MCI-DATA-006"})
    edit(root, "expect_table_row_count_to_be_between", None, min_value=10)
    code, report, _ = validate(root, *flags)
    assert (code, codes(report)) == (10, {"MCI-POLICY-001", "MCI-DATA-005"})
    suite = json.loads((root / "c.json").read_text()) | {"meta": {"version": "2.0.0"}}
    (root / "c.json").write_text(json.dumps(suite))
    assert validate(root, *flags)[0] == 0
    parquet.write_table(flights().slice(0, 500), root / "few.parquet")
    code, report, _ = validate(root, "--data", "few.parquet", "--base", "main")
    (blocking,) = [one for one in report["findings"] if one["effect"] == "blocks"]
    assert (code, blocking["code"], blocking["location"]["path"]) == (10, "MCI-DATA-001", None)
    assert "c.json at main judges, too" in blocking["message"]
    code, _, said = validate(root, "--data", "flights.parquet", "--base", "nothere")
    assert (code, "names no commit" in said) == (2, True)


def test_broken_rows_are_written_out_with_their_reasons(root: Path) -> None:
    both = {"month": "CASE WHEN i = 3 THEN 99 ELSE 1 END", "origin": "CASE WHEN i IN (3, 9) THEN 'XXX' ELSE 'EWR' END"}
    (root / "part").mkdir()
    parquet.write_table(flights(temp="50.0"), root / "part/1.parquet")
    others = {"id": "format('g{:04d}', i)", "email": "format('v{}@example.org', i)", "temp": "50.0"}
    parquet.write_table(flights(**others, **both), root / "part/2.parquet")
    for name, reader in (("q.parquet", "read_parquet"), ("q.csv", "read_csv"), ("q.jsonl", "read_json")):
        assert validate(root, "--data", "part/*.parquet", "--quarantine", name)[0] == 10
        places = "mlops_ci_file, mlops_ci_row, id, mlops_ci_reasons"
        with duckdb.connect() as connection:
            found = connection.execute(f"SELECT {places} FROM {reader}('{root / name}')").fetchall()  # noqa: S608 - ours
        in_set = "expect_column_values_to_be_in_set"
        assert sorted(found) == [
            ("part/2.parquet", 4, "g0003", f"{in_set}(month); {in_set}(origin)"),
            ("part/2.parquet", 10, "g0009", f"{in_set}(origin)"),
        ]
    assert validate(root, "--data", "q.parquet")[0] == 10  # other columns, and none of them ours
    assert validate(root, "--data", "flights.parquet", "--quarantine", "q.parquet")[0] == 0
    assert parquet.read_table(root / "q.parquet").num_rows == 0


def test_a_contract_under_a_new_name_is_compared_with_the_one_that_the_settings_named(root: Path) -> None:
    (root / "mlops.yaml").write_text("data: {path: flights.parquet, contract: c.json}\n")
    for words in (("init", "-q", "-b", "main"), ("add", "--all"), ("commit", "-qm", "contract")):
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)
    suite = json.loads((root / "c.json").read_text())
    moved = ["git", "mv", "c.json", "moved.json"]
    subprocess.run(moved, cwd=root, check=True)
    text = (root / "moved.json").read_text()
    (root / "moved.json").write_text(text.replace('"min_value": 1000}', '"min_value": 10}'))
    flags = ("--data", "flights.parquet", "--contract", "moved.json", "--base", "main", "--settings", "other.yaml")
    (root / "other.yaml").write_text("data: {strict: false}\n")
    done = mlops_ci(root, "validate-data", *flags)
    assert (done.returncode, "MCI-DATA-005" in done.stderr) == (10, True), done.stderr
    (root / "new.json").write_text(json.dumps(suite | {"expectations": suite["expectations"][:2]}))
    (root / "mlops.yaml").write_text("data: {path: flights.parquet, contract: new.json}\n")
    done = mlops_ci(root, "validate-data", "--base", "main")
    assert done.returncode == 10
    assert "MCI-DATA-005" in done.stderr
    assert "MCI-POLICY-001" in done.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--sensitive", "emial"), "emial, which neither the data nor the contract has"),
        (("--engine", "sql"), "and it names none"),
        (("--engine", "Pandas"), "data.engine"),
        (("--table", "flights"), "names a table of a database"),
    ],
)
def test_settings_that_contradict_the_data_are_refused(root: Path, flags: tuple[str, ...], said: str) -> None:
    code, report, words = validate(root, "--data", "flights.parquet", *flags)
    assert (code, report["verdict"], said in words) == (2, None, True), words


def test_a_sensitive_key_of_folders_is_refused(root: Path) -> None:
    (root / "parts/pin=4002").mkdir(parents=True)
    parquet.write_table(flights(), root / "parts/pin=4002/1.parquet")
    code, report, words = validate(root, "--data", "parts", "--sensitive", "pin")
    assert (code, report["verdict"]) == (2, None)
    assert "4002" not in words + json.dumps(report)


def test_helpers_keep_no_value_of_a_sensitive_column(root: Path) -> None:
    (root / "mlops.yaml").write_text("data: {path: flights.parquet, contract: c.json, sensitive: [EMAIL, origin]}\n")
    commands = (
        ("profile", "--data", "flights.parquet", "--out", "p.json"),
        ("contract", "infer", "--data", "flights.parquet", "--out", "i.json"),
    )
    for words in commands:
        assert mlops_ci(root, *words).returncode == 0
    done = mlops_ci(root, "contract", "dictionary", "i.json", "--profile", "p.json")
    everything = done.stdout + (root / "p.json").read_text() + (root / "i.json").read_text()
    assert "example.org" not in everything
    assert "JFK" not in everything
    assert "`origin` (sensitive)" in done.stdout


@pytest.mark.parametrize(
    ("name", "said"), [("q.xlsx", "written as .parquet"), ("no/q.csv", "no is no folder"), ("q.csv", "is a folder")]
)
def test_a_quarantine_that_has_no_place_is_said_first(root: Path, name: str, said: str) -> None:
    (root / "q.csv").mkdir()
    code, report, words = validate(root, "--data", "flights.parquet", "--quarantine", name)
    assert (code, report["verdict"], said in words) == (2, None, True), words


def test_a_full_disk_leaves_the_verdict_and_no_half_file(root: Path) -> None:
    parquet.write_table(flights(origin="'XXX'"), root / "bad.parquet")
    (root / "q.csv").write_text("older\n")
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        " resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000));"
        " from mlops_ci.cli.main import main; main(sys.argv[1:])"
    )
    flags = ["validate-data", "--contract", "c.json", "--data", "bad.parquet", "--quarantine", "q.csv"]
    done = subprocess.run(
        [sys.executable, "-c", limited, *flags], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 10, done.stderr
    assert "cannot be written" in done.stderr
    assert "origin: 2,000 of 2,000 values not among" in done.stderr
    assert (root / "q.csv").read_text() == "older\n"
    assert not list(root.glob("*.partial"))


def test_values_of_sensitive_columns_are_shown_nowhere(root: Path) -> None:
    parquet.write_table(flights(email="'secret' || i"), root / "bad.parquet")
    done = mlops_ci(root, "profile", "--data", "bad.parquet", "--out", "p.json")
    assert done.returncode == 0, done.stderr
    flags = ("--contract", "c.json", "--data", "bad.parquet", "--profile", "p.json", "--quarantine", "q.csv")
    for marked in (("--sensitive", "email,month"), ()):
        if not marked:
            suite = json.loads((root / "c.json").read_text())
            for one in suite["expectations"]:
                one["meta"]["sensitive"] = one["kwargs"].get("column") in ("email", "month")
            (root / "c.json").write_text(json.dumps(suite))
        texts = [
            mlops_ci(root, "validate-data", *flags, *marked, "--format", form)
            for form in ("json", "html", "markdown", "sarif", "terminal")
        ]
        assert {one.returncode for one in texts} == {10}, texts[-1].stderr
        everything = "".join(one.stdout + one.stderr for one in texts) + (root / "q.csv").read_text()
        everything += (root / ".mlops-ci/reports/validate-data.json").read_text()
        assert "secret" not in everything
        assert "(sensitive)" in everything


def log(root: Path, *inputs: dict[str, Any] | None) -> str:
    lines = [json.dumps(REQUEST | {"inputs": one, "status": 200 if one else 422}) for one in inputs]
    (root / "requests.jsonl").write_text("\n".join(lines) + "\n")
    return "requests.jsonl"


def test_logged_requests_are_judged_by_the_contract_of_training(root: Path) -> None:
    good = {"month": 7, "origin": "EWR", "temp": 55.0}
    flags = ("--training-only", "id,email,delayed", "--requests")
    code, report, said = validate(root, *flags, log(root, *[good] * 40, None))
    assert (code, report["findings"]) == (0, []), said
    assert {one["n"] for one in report["measurements"]} == {40}
    code, report, _ = validate(root, *flags, log(root, *[good] * 40, good | {"month": 13}))
    assert (code, codes(report)) == (10, {"MCI-DATA-001"})
    code, report, _ = validate(root, *flags, log(root, *[good | {"wind": 1.0}] * 40))
    assert (code, codes(report)) == (10, {"MCI-DATA-008"})
    masked = log(root, *[good | {"month": "(sensitive)"}] * 40)
    assert validate(root, *flags, masked)[0] == 10
    code, report, _ = validate(root, "--sensitive", "month", *flags, masked)
    assert (code, codes(report)) == (0, {"MCI-DATA-009"})
    older = json.dumps(REQUEST | {"schema": "mlops-ci.request/v0", "inputs": good})
    (root / "requests.jsonl").write_text(f"{json.dumps(REQUEST | {'inputs': good})}\n{older}\n")
    assert validate(root, *flags, "requests.jsonl")[0] == 3
    (root / "requests.jsonl").write_text('{"x": 1}\n')
    code, _, said = validate(root, *flags, "requests.jsonl")
    assert (code, "is no log of requests" in said) == (3, True)


def test_skew_between_training_and_serving_is_drift(root: Path) -> None:
    assert mlops_ci(root, "profile", "--data", "flights.parquet", "--out", "p.json").returncode == 0
    seen = parquet.read_table(root / "flights.parquet", columns=["month", "origin", "temp"]).to_pylist()
    flags = ("--training-only", "id,email,delayed", "--profile", "p.json", "--requests")
    code, report, said = validate(root, *flags, log(root, *seen))
    assert (code, codes(report)) == (0, set()), said
    skewed = [one | {"temp": one["temp"] and one["temp"] * 5 / 9} for one in seen]
    code, report, _ = validate(root, *flags, log(root, *skewed))
    assert (code, "MCI-DATA-002" in codes(report)) == (10, True)
    assert any(one["location"]["name"] == "temp" for one in report["findings"])


def test_a_request_schema_that_differs_from_the_contract_is_found(root: Path) -> None:
    derive = ("contract", "request", "c.json", "--training-only", "id,email,delayed", "--out", "request.json")
    assert mlops_ci(root, *derive).returncode == 0
    flags = ("--data", "flights.parquet", "--training-only", "id,email,delayed", "--request", "request.json")
    assert validate(root, *flags)[0] == 0
    schema = json.loads((root / "request.json").read_text())
    assert list(schema["properties"]) == ["month", "origin", "temp"]
    schema["properties"]["month"]["enum"].append(13)
    (root / "request.json").write_text(json.dumps(schema, indent=2) + "\n")
    code, report, _ = validate(root, *flags)
    assert (code, codes(report)) == (10, {"MCI-DATA-007"})
    assert mlops_ci(root, *derive).returncode == 0
    assert validate(root, *flags)[0] == 0


def test_the_data_dictionary_says_what_is_allowed_and_what_was_seen(root: Path) -> None:
    assert mlops_ci(root, "profile", "--data", "flights.parquet", "--out", "p.json").returncode == 0
    done = mlops_ci(root, "contract", "dictionary", "c.json", "--profile", "p.json", "--out", "dictionary.md")
    assert done.returncode == 0, done.stderr
    page = (root / "dictionary.md").read_text()
    assert "| `origin` | string | never | EWR, JFK, LGA | EWR 5" in page
    assert "2.0% missing |" in page


def test_wrong_input_to_the_helpers_is_said(root: Path) -> None:
    (root / "broken.json").write_text("{")
    for words, code in (
        (("contract", "check", "broken.json"), 3),
        (("contract", "check", "nothere.json"), 3),
        (("contract", "diff", "c.json", "nothere.json"), 3),
        (("contract", "request", "c.json", "--out", "no/folder.json"), 2),
        (("contract", "infer", "--data", "nothere.parquet"), 3),
        (("contract", "infre"), 2),
        (("profile", "--data", "nothere.parquet", "--out", "p.json"), 3),
    ):
        done = mlops_ci(root, *words)
        assert (done.returncode, done.stdout) == (code, ""), (words, done.stderr)
        assert "Traceback" not in done.stderr
