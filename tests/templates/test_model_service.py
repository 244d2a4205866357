"""A baked model-service must work as it is, and refuse names that would not."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException

from templates.baking import PROGRAMS, ROOT, TEMPLATE, Runner, bake

SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}/problem/binary"
JINJA = re.compile(r"\{\{ *cookiecutter|\{%|%\}")
PLACEHOLDER = "0" * 40
REPORT = ".mlops-ci/reports/validate-data.json"


def files(repository: Path) -> list[Path]:
    return [path for path in repository.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bake(tmp_path_factory.mktemp("model-service"))


def test_a_template_named_by_a_relative_path_pins_its_commit_too(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"cookiecutters_dir: {tmp_path}/templates\nreplay_dir: {tmp_path}/replay\n")
    where = ["--directory", "templates/model-service", "--output-dir", str(tmp_path / "baked")]
    subprocess.run(
        [str(PROGRAMS / "cookiecutter"), ".", "--no-input", *where, "--config-file", str(config)],
        cwd=ROOT,
        env={**os.environ, "PWD": str(ROOT)},
        check=True,
    )
    (made,) = (tmp_path / "baked").iterdir()
    pinned = (made / "README.md", made / ".github/workflows/pull-request.yml")
    assert not [path.name for path in pinned if PLACEHOLDER in path.read_text()]
    assert json.loads((made / ".cruft.json").read_text())["template"] == str(ROOT), "found from any folder"


def test_the_root_menu_records_a_whole_repository_for_updates(tmp_path: Path) -> None:
    """An updater cannot clone a folder of a clone."""
    origin = tmp_path / "origin"
    shutil.copytree(ROOT / "templates", origin / "templates")
    shutil.copy(ROOT / "cookiecutter.json", origin)
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-C", str(origin)]
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "Template")):
        subprocess.run([*git, *words], check=True)
    config = tmp_path / "config.yaml"
    config.write_text(f"cookiecutters_dir: {tmp_path}/templates\nreplay_dir: {tmp_path}/replay\n")
    where = ["--output-dir", str(tmp_path / "baked"), "--config-file", str(config)]
    subprocess.run(
        [str(PROGRAMS / "cookiecutter"), f"git+file://{origin}", "--no-input", *where],
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
        check=True,
    )
    (made,) = (tmp_path / "baked").iterdir()
    record = json.loads((made / ".cruft.json").read_text())
    assert (record["template"], record["directory"]) == (f"file://{origin}", "templates/model-service")
    assert PLACEHOLDER not in (made / "README.md").read_text()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Return a function that runs a program in a repository of its own, and gives back what it said."""
    program = Runner(bake(tmp_path_factory.mktemp("running")), tmp_path_factory.mktemp("home"))
    program("git", "init", "--quiet")
    program("git", "add", "--all")
    return program


def test_nothing_is_left_to_render(repository: Path) -> None:
    texts = [path for path in files(repository) if path.suffix != ".parquet"]
    assert [str(path) for path in texts if JINJA.search(path.read_text(encoding="utf-8"))] == []
    assert [str(path) for path in files(repository) if "{" in str(path.relative_to(repository))] == []


def test_the_golden_set_is_copied_byte_for_byte(repository: Path) -> None:
    assert (repository / "data/golden.parquet").read_bytes() == (SOURCE / "data/golden.parquet").read_bytes()


def test_our_actions_are_pinned_to_the_commit_of_the_template(repository: Path) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, check=True, text=True)
    workflow = (repository / ".github/workflows/pull-request.yml").read_text()
    ours = re.findall(r"mlops-ci/mlops-ci/actions/([a-z-]+)@([0-9a-f]{40})$", workflow, re.MULTILINE)
    commit = head.stdout.strip()
    expected = ("validate-data", "champion", "gate-model", "scan", "verdict", "report")
    assert ours == [(name, commit) for name in expected]
    texts = [path.read_text() for path in (repository / ".github/workflows").glob("*.yml")]
    assert not any(PLACEHOLDER in text for text in texts)
    record = json.loads((repository / ".cruft.json").read_text())
    assert record["commit"] == commit
    assert record["directory"] == "templates/model-service"
    assert record["context"]["cookiecutter"]["project_slug"] == "flight-delay"


def test_names_follow_from_the_name_of_the_project(tmp_path: Path) -> None:
    made = bake(tmp_path, project_name="Late Arrivals", owner="octo/models")
    assert made.name == "late-arrivals"
    assert (made / "src/late_arrivals/service.py").is_file()
    assert "python -m late_arrivals.train" in (made / "dvc.yaml").read_text()
    assert "@octo/models" in (made / "CODEOWNERS").read_text()


def test_a_name_without_letters_gets_a_slug_nevertheless(tmp_path: Path) -> None:
    made = bake(tmp_path, project_name="!? …")
    assert (made.name, (made / "src/my_model/service.py").is_file()) == ("my-model", True)
    assert (made / "docs/model-card.md").read_text().startswith("# Model card: !? …")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({"package": "flight-delay"}, "must be a lower-case Python identifier"),
        ({"package": "1st"}, "must be a lower-case Python identifier"),
        ({"package": "class"}, "is a Python keyword"),
        ({"package": "json"}, "would hide a module of Python's standard library"),
        ({"package": "a" * 33}, "32 characters at most"),
        ({"package": "sklearn"}, "is a name that the repository uses already"),
        ({"package": "mlflow"}, "is a name that the repository uses already"),
        ({"package": "tests"}, "is a name that the repository uses already"),
        ({"project_name": "Data"}, "is a name that the repository uses already"),
        ({"package": "{% raw %}{{ x }}{% endraw %}"}, "must be a lower-case Python identifier"),
        ({"project_slug": "Flight_Delay", "package": "ok"}, "must be lower-case words joined by hyphens"),
        ({"project_slug": "a" * 51, "package": "ok"}, "50 characters at most"),
        ({"project_name": 'x"; import os; "', "project_slug": "x", "package": "ok"}, "none of them a quote"),
        (
            {"project_name": "{% raw %}{{ 7 * 7 }}{% endraw %}", "project_slug": "x", "package": "ok"},
            "none of them a quote",
        ),
        ({"project_name": "a" * 200}, "1 to 60 characters"),
        ({"project_name": "  ", "project_slug": "x", "package": "ok"}, "1 to 60 characters"),
        ({"project_name": "a" * 61, "project_slug": "x", "package": "ok"}, "1 to 60 characters"),
        ({"owner": "acme\n* @mallory"}, "must be a GitHub user"),
    ],
)
def test_a_bad_name_is_refused_in_one_sentence(
    names: dict[str, str], sentence: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, **names)
    # Around it stand what cookiecutter itself has to say.
    said = [line for line in capfd.readouterr().err.splitlines() if sentence in line]
    assert len(said) == 1
    assert said[0].endswith(".")
    assert list((tmp_path / "baked").iterdir()) == []


@pytest.mark.integration
def test_the_workflows_are_clean(run: Runner) -> None:
    run("zizmor", "--pedantic", "--offline", ".")
    run("actionlint")


@pytest.mark.integration
def test_the_pipeline_runs_once_and_its_results_are_ignored_by_git(run: Runner) -> None:
    run("dvc", "repro")
    assert "Data and pipelines are up to date." in run("dvc", "repro")
    changed = run("git", "ls-files", "--others", "--exclude-standard").split()
    assert changed == ["dvc.lock", "metrics.json"]


@pytest.mark.integration
def test_what_is_derived_from_the_contract_is_what_it_derives(run: Runner) -> None:
    run("mlops-ci", "contract", "check", "contracts/data.json")
    for words, path in (
        (("request", "contracts/data.json"), "contracts/request.json"),
        (("dictionary", "contracts/data.json", "--profile", "contracts/profile.json"), "docs/data-dictionary.md"),
    ):
        assert run("mlops-ci", "contract", *words) == run("cat", path)


@pytest.mark.integration
def test_the_profile_is_that_of_the_data(run: Runner) -> None:
    run("dvc", "repro", "data")
    run("mkdir", "--parents", ".mlops-ci")
    run("mlops-ci", "profile", "--data", "data/rows/*.parquet", "--out", ".mlops-ci/profile.json")
    run("cmp", ".mlops-ci/profile.json", "contracts/profile.json")


@pytest.mark.integration
def test_the_data_keep_their_contract_and_have_not_drifted(run: Runner) -> None:
    run("dvc", "repro", "data")
    run("mlops-ci", "validate-data")
    report = json.loads(run("cat", REPORT))
    assert (report["verdict"], report["findings"]) == ("pass", [])
    judged = {one["name"] for one in report["measurements"]}
    assert "wasserstein(temp)" in judged
    assert "psi(id)" not in judged, "an id always moves on"


@pytest.mark.integration
def test_what_the_contract_allows_is_found_by_the_profile(run: Runner) -> None:
    run("dvc", "repro", "data")
    script = (
        "import pandas as pd; rows = pd.read_parquet('data/rows'); rows['temp'] = (rows['temp'] - 32) / 1.8; "
        "rows.to_parquet('.mlops-ci/celsius.parquet', index=False)"
    )
    run("mkdir", "--parents", ".mlops-ci")
    run(sys.executable, "-c", script)
    run("mlops-ci", "validate-data", "--data", ".mlops-ci/celsius.parquet", code=10)
    found = json.loads(run("cat", REPORT))["findings"]
    assert [(one["code"], one["location"]["name"]) for one in found] == [("MCI-DATA-002", "temp")]


@pytest.mark.integration
def test_a_request_schema_of_another_contract_is_found(run: Runner) -> None:
    run("dvc", "repro", "data")
    run("sed", "--in-place", 's/"maximum": 12,/"maximum": 13,/', "contracts/request.json")
    run("mlops-ci", "validate-data", code=10)
    run("git", "checkout", "--", "contracts/request.json")
    assert [one["code"] for one in json.loads(run("cat", REPORT))["findings"]] == ["MCI-DATA-007"]


@pytest.mark.integration
def test_the_golden_set_is_what_the_code_makes(run: Runner) -> None:
    script = (
        "import pandas as pd; from flight_delay.data import GOLDEN, cases, golden; "
        "pd.testing.assert_frame_equal(golden(cases()), pd.read_parquet(GOLDEN))"
    )
    run(sys.executable, "-c", script)
