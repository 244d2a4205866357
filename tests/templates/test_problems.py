"""Each type of problem is one whole: it trains, keeps its contract, passes its gate, and a worse model does not."""

import json
import sys
from pathlib import Path

import pytest

from templates.baking import Runner, bake

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

LABELS = {"regression": "air_minutes", "multiclass": "arrival", "ranking": "lateness"}
RULES = {
    "regression": ["mean_absolute_error", "root_mean_squared_error", "r2"],
    "multiclass": ["log_loss"],
    "ranking": ["precision@10", "ndcg@10"],
}
LOST = ("return np.array(values, dtype=np.float64)", "return np.zeros(len(values))")


@pytest.fixture(scope="module", params=["regression", pytest.param("multiclass", marks=pytest.mark.nightly), "ranking"])
def problem(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def run(problem: str, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Return what runs programs in a repository whose first model is trained, with an origin."""
    folder = tmp_path_factory.mktemp(problem)
    program = Runner(bake(folder, problem=problem, project_slug="flights"), tmp_path_factory.mktemp("home"))
    program("git", "init", "--quiet", "--bare", "../origin.git")
    program("git", "init", "--quiet", "--initial-branch", "main")
    program("git", "remote", "add", "origin", "../origin.git")
    program("git", "config", "user.name", "Ann")
    program("git", "config", "user.email", "ann@example.org")
    program("dvc", "repro", "--quiet")
    program("git", "add", "--all")
    program("git", "commit", "--quiet", "--message", "First model")
    program("git", "push", "--quiet", "--set-upstream", "origin", "main")
    return program


def findings(run: Runner, step: str) -> list[tuple[str, str]]:
    """Return code and title of what a step found."""
    report = json.loads((run.repository / f".mlops-ci/reports/{step}.json").read_text())
    return [(one["code"], one["title"]) for one in report["findings"]]


def test_its_data_keep_their_contract_and_what_is_derived_follows_from_it(run: Runner) -> None:
    run("mlops-ci", "contract", "check", "contracts/data.json")
    run("mlops-ci", "validate-data")
    assert findings(run, "validate-data") == []
    words = ("contract", "dictionary", "contracts/data.json", "--profile", "contracts/profile.json")
    assert run("mlops-ci", *words) == run("cat", "docs/data-dictionary.md")


def test_its_golden_set_is_what_the_code_makes(run: Runner, problem: str) -> None:
    before = (run.repository / "data/golden.parquet").read_bytes()
    run(sys.executable, "-m", "flights.data", "--golden")
    assert (run.repository / "data/golden.parquet").read_bytes() == before
    assert LABELS[problem] in run("cat", "contracts/data.json")


@pytest.mark.nightly
def test_a_model_that_answers_some_rows_wrongly_is_caught_by_its_settings(run: Runner) -> None:
    """In a ranking, all rows of some boards."""
    assert "1 caught." in run("mlops-ci", "selftest", "--only", "worse model")


def test_the_gate_lets_a_first_and_an_equal_model_pass_and_stops_a_worse_one(run: Runner, problem: str) -> None:
    run("mlops-ci", "gate-model")
    assert [code for code, _ in findings(run, "gate-model")] == ["MCI-GATE-003"]
    run("cp", "--recursive", "models/current", "../champion")
    rules = run.repository / "mlops.yaml"  # how fast it answers takes long to measure, and is tested elsewhere
    rules.write_text(rules.read_text().replace("    - latency_p95_ms: {at_most: 40}\n", ""))
    first = (run.repository / "models/current/model.skops").read_bytes()

    run("dvc", "repro", "--quiet", "--force", "train")
    assert (run.repository / "models/current/model.skops").read_bytes() == first
    run("git", "commit", "--quiet", "--all", "--message", "The same model")
    run("mlops-ci", "gate-model", "--champion", "../champion")
    assert findings(run, "gate-model") == []

    plant(run.repository)
    run("dvc", "repro", "--quiet")
    run("git", "commit", "--quiet", "--all", "--message", "Numbers are lost")
    run("mlops-ci", "gate-model", "--champion", "../champion", code=10)
    failed = [title for code, title in findings(run, "gate-model") if code == "MCI-GATE-001"]
    assert [title.partition(" ")[0] for title in failed] == RULES[problem]


def plant(repository: Path) -> None:
    """Lose all numbers on the way to the model, as a wrong conversion would."""
    file = repository / "src/flights/features.py"
    text = file.read_text()
    assert LOST[0] in text
    file.write_text(text.replace(*LOST))
