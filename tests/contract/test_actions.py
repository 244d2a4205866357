"""Every step has an action of one shape: inputs are flags of its command, outputs are four, no logic in YAML."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from mlops_ci.catalog import STEPS
from mlops_ci.cli.main import root
from mlops_ci.settings.load import flag_of, is_flag
from mlops_ci.settings.project import SECTIONS

ACTIONS = Path(__file__).parents[2] / "actions"
REQUIREMENTS = ACTIONS.parent / "requirements"
NAMES = [*STEPS, "verdict"]
FOUR = {"verdict", "exit-code", "report", "summary"}
COMMANDS = {"canary": ["canary", "run"]}
# Inputs that every step has, and the variables that carry them; the folder is no variable.
COMMON = {"settings": "ACTION_SETTINGS", "model": "ACTION_MODEL", "working-directory": None}
TOKEN = {"token": "MLOPS_CI_GIT_TOKEN"}


def text(name: str) -> str:
    return (ACTIONS / name / "action.yml").read_text()


def action(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(text(name))
    return loaded


def environment(name: str) -> dict[str, str]:
    """Return input → the variable that carries it."""
    env = action(name)["runs"]["steps"][-1]["env"]
    return {found[1]: key for key, value in env.items() if (found := re.fullmatch(r"\${{ inputs\.([a-z-]+) }}", value))}


@pytest.mark.parametrize(
    ("given", "port"), [({}, 9001), ({"ACTION__CANARY__PORT": ""}, 9001), ({"ACTION__CANARY__PORT": "9002"}, 9002)]
)
def test_an_input_that_is_given_takes_the_place_of_the_jobs_variable(
    given: dict[str, str], port: int, tmp_path: Path
) -> None:
    env = {"PATH": "", "MLOPS_CI_CANARY__PORT": "9001", **given}
    argv = [sys.executable, "-I", str(ACTIONS / "run.py"), "settings", "--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path, env=env)
    settings = {one["key"]: one["value"] for one in json.loads(done.stdout)}
    assert int(settings["canary.port"]) == port


@pytest.mark.parametrize("name", NAMES)
def test_an_action_is_a_short_composite_with_descriptions(name: str) -> None:
    assert len(text(name).splitlines()) < 60
    loaded = action(name)
    assert (loaded["name"], loaded["runs"]["using"]) == (name, "composite")
    assert loaded["description"]
    for key, value in {**loaded["inputs"], **loaded["outputs"]}.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", key)
        assert value["description"].endswith((".", ")"))
    assert all("default" in value or value["required"] for value in loaded["inputs"].values())


@pytest.mark.parametrize("name", NAMES)
def test_no_expression_stands_inside_run_and_the_last_line_is_the_command(name: str) -> None:
    install, run = action(name)["runs"]["steps"]
    assert "${{" not in install["run"] + run["run"]
    assert run["id"] == "run"
    command = " ".join(COMMANDS.get(name, [name]))
    assert (
        run["run"]
        .strip()
        .splitlines()[-1]
        .startswith(f'exec "$ACTION_PYTHON" -I "$GITHUB_ACTION_PATH/../run.py" {command} ')
    )


@pytest.mark.parametrize("name", NAMES)
def test_an_action_installs_what_its_step_needs_and_no_more(name: str) -> None:
    (install, _) = action(name)["runs"]["steps"]
    extra = STEPS[name].extra if name in STEPS else "core"
    assert install["run"] == f'python3 -I "$GITHUB_ACTION_PATH/../install.py" {extra}'
    assert (REQUIREMENTS / f"{extra}.txt").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_the_four_outputs_are_passed_on(name: str) -> None:
    outputs = action(name)["outputs"]
    assert set(outputs) >= FOUR
    for key, value in outputs.items():
        assert value["value"] == f"${{{{ steps.run.outputs.{key} }}}}"


@pytest.mark.parametrize("name", STEPS)
def test_every_input_is_a_flag_of_the_command(name: str) -> None:
    said = CliRunner().invoke(root, [*COMMANDS.get(name, [name]), "--help"], obj={}).output
    flags = set(re.findall(r"--([a-z-]+)", said))
    assert set(action(name)["inputs"]) - {*TOKEN, "working-directory"} <= flags


@pytest.mark.parametrize("name", STEPS)
def test_every_input_reaches_the_setting_of_its_name(name: str) -> None:
    section = STEPS[name].section
    kind = SECTIONS[section]
    known = {
        flag_of(kind, field): f"ACTION__{section}__{field}".upper()
        for field in kind.model_fields
        if is_flag(kind, field)
    }
    wanted = {key: {**known, **COMMON, **TOKEN}[key] for key in action(name)["inputs"]}
    assert environment(name) == {key: variable for key, variable in wanted.items() if variable}
    described = {flag_of(kind, field): info.description for field, info in kind.model_fields.items()}
    for key, value in action(name)["inputs"].items():
        if key not in {*COMMON, *TOKEN}:
            assert value["description"] == described[key]


@pytest.mark.parametrize("name", ["validate-data", "gate-model", "register-model"])
def test_an_action_that_judges_has_every_flag_of_its_section(name: str) -> None:
    kind = SECTIONS[STEPS[name].section]
    assert {flag_of(kind, field) for field in kind.model_fields if is_flag(kind, field)} <= set(action(name)["inputs"])


def test_the_verdict_action_takes_what_its_command_takes() -> None:
    assert set(action("verdict")["inputs"]) == {
        *("needs", "expected", "optional", "commit", "reports", "working-directory")
    }
    (_, run) = action("verdict")["runs"]["steps"]
    for word in ("needs", "expected", "optional", "commit", "reports"):
        assert f'--{word} "$ACTION_{word.upper()}"' in run["run"]


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_lists_every_input_and_output_and_shows_a_pinned_example(name: str) -> None:
    page = (ACTIONS / name / "README.md").read_text()
    inputs, outputs = page.split("## Outputs")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", inputs, re.MULTILINE)) == set(action(name)["inputs"])
    listed = outputs.split("## Example", maxsplit=1)[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", listed, re.MULTILINE)) == set(action(name)["outputs"])
    assert f"mlops-ci/mlops-ci/actions/{name}@" in page
    others = [line for line in page.splitlines() if "uses: actions/" in line]
    assert others
    assert all(re.search(r"@[0-9a-f]{40} # v\d", line) for line in others)


def test_the_image_action_takes_what_its_command_takes() -> None:
    loaded = action("image")
    install, run = loaded["runs"]["steps"]
    assert install["run"].endswith('install.py" canary')
    said = CliRunner().invoke(root, ["image", "--help"], obj={}).output
    assert set(loaded["inputs"]) - {"working-directory"} <= set(re.findall(r"--([a-z-]+)", said))
    assert 'run.py" image --push-to "$ACTION_PUSH_TO"' in run["run"]
    assert "${{" not in install["run"] + run["run"]
    inputs, outputs = (ACTIONS / "image/README.md").read_text().split("## Outputs")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", inputs, re.MULTILINE)) == set(loaded["inputs"])
    assert set(re.findall(r"^\| `([a-z-]+)` \|", outputs, re.MULTILINE)) == set(loaded["outputs"])


def test_the_signature_action_takes_what_its_command_takes() -> None:
    loaded = action("signature")
    install, run = loaded["runs"]["steps"]
    assert install["run"].endswith('install.py" register')
    said = CliRunner().invoke(root, ["signature", "sign", "--help"], obj={}).output
    assert "--install" in said
    assert 'run.py" signature sign --install "$ACTION_PATH"' in run["run"]
    assert "${{" not in install["run"] + run["run"]
    page = (ACTIONS / "signature/README.md").read_text()
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", page.split("## Outputs")[0], re.MULTILINE))
    assert listed == set(loaded["inputs"])


@pytest.mark.parametrize("name", ["report", "record"])
def test_a_helping_action_gives_every_input_to_its_command_and_lists_it(name: str) -> None:
    loaded = action(name)
    assert len(text(name).splitlines()) < 60
    install, run = loaded["runs"]["steps"]
    assert install["run"].endswith('install.py" core')
    assert "${{" not in install["run"] + run["run"]
    command = run["run"].strip()
    assert command.startswith(f'exec "$ACTION_PYTHON" -I "$GITHUB_ACTION_PATH/../run.py" {name} ')
    for word in set(loaded["inputs"]) - {*TOKEN, "working-directory"}:
        variable = f"ACTION_{word.upper().replace('-', '_')}"
        assert f'--{word} "${variable}"' in command
        assert environment(name)[word] == variable
    assert set(environment(name)) == set(loaded["inputs"]) - {"working-directory"}
    assert environment(name)["token"] == TOKEN["token"]
    inputs, rest = (ACTIONS / name / "README.md").read_text().split("## Outputs")
    assert re.findall(r"^\| `([a-z-]+)` \|", inputs, re.MULTILINE) == list(loaded["inputs"])
    assert re.findall(r"^\| `([a-z-]+)` \|", rest.split("## Example")[0], re.MULTILINE) == list(loaded["outputs"])
    assert f"mlops-ci/mlops-ci/actions/{name}@" in rest


def test_a_comment_is_no_gate_and_its_job_runs_nothing_of_the_pull_request() -> None:
    (path,) = (ACTIONS.parent / "templates/model-service").glob("*/.github/workflows/pull-request.yml")
    jobs = YAML(typ="safe").load(path.read_text())["jobs"]
    job, check = jobs["report"], jobs["mlops-ci"]
    assert job["if"].startswith("always()")
    assert job["permissions"] == {"pull-requests": "write"}
    assert all("pull-requests" not in one["permissions"] for name, one in jobs.items() if name != "report")
    assert [step["uses"].split("@")[0] for step in job["steps"]] == [
        "actions/download-artifact",
        "mlops-ci/mlops-ci/actions/report",
    ]
    assert "report" not in check["needs"]
    assert job["needs"] == check["needs"]
    assert job["steps"][1]["with"] == check["steps"][1]["with"], "both read the same"


def test_the_champion_action_says_what_its_command_says() -> None:
    loaded = action("champion")
    install, run = loaded["runs"]["steps"]
    assert install["run"].endswith('install.py" gate'), "which the next step uses again"
    assert 'run.py" champion ' in run["run"]
    assert environment("champion") == {"token": TOKEN["token"], "settings": "ACTION_SETTINGS", "model": "ACTION_MODEL"}
    assert "${{" not in install["run"] + run["run"]
    inputs, outputs = (ACTIONS / "champion/README.md").read_text().split("## Outputs")
    assert re.findall(r"^\| `([a-z-]+)` \|", inputs, re.MULTILINE) == list(loaded["inputs"])
    assert re.findall(r"^\| `([a-z-]+)` \|", outputs, re.MULTILINE) == list(loaded["outputs"])


def test_a_pull_request_finds_the_champion_where_the_release_keeps_it_and_a_release_takes_none() -> None:
    (folder,) = (ACTIONS.parent / "templates/model-service").glob("*/.github/workflows")
    kept = {}
    for name, job in (("pull-request", "model"), ("release", "release")):
        steps = YAML(typ="safe").load((folder / f"{name}.yml").read_text())["jobs"][job]["steps"]
        used = [step.get("uses", "").split("@")[0].rpartition("actions/")[2] for step in steps]
        given = steps[used.index("cache")]["with"]
        kept[name] = given["path"], given["key"]
        assert used.index("champion") < used.index("cache")
        assert given.get("lookup-only", False) == (name == "release")
        assert (used.index("cache") > used.index("gate-model")) == (name == "release")
    assert kept["release"] == kept["pull-request"]


def test_the_job_that_counts_runs_nothing_of_the_run_that_it_counts() -> None:
    (path,) = (ACTIONS.parent / "templates/model-service").glob("*/.github/workflows/record.yml")
    loaded = YAML(typ="safe").load(path.read_text())
    assert loaded["on"] == {"workflow_run": {"workflows": ["pull request"], "types": ["completed"]}}
    assert loaded["permissions"] == {}
    ((_, job),) = loaded["jobs"].items()
    assert job["permissions"] == {"actions": "read", "contents": "write"}
    assert "head_repository.full_name == github.repository" in job["if"], "no fork"
    assert all("run" not in step for step in job["steps"])
    assert [step["uses"].split("@")[0] for step in job["steps"]] == [
        "actions/checkout",
        "actions/download-artifact",
        "mlops-ci/mlops-ci/actions/record",
    ]
    assert job["steps"][0]["with"] == {"persist-credentials": False}, "the default branch, and no credentials"
    assert "workflow_run.id" in loaded["concurrency"]["group"], "none that waits is dropped"


def test_the_setup_action_installs_for_a_step_and_says_where() -> None:
    loaded = action("setup")
    (run,) = loaded["runs"]["steps"]
    assert run["run"].strip() == 'exec python3 -I "$GITHUB_ACTION_PATH/../install.py" --on-path "$ACTION_FOR"'
    assert environment("setup") == {"for": "ACTION_FOR"}
    page = (ACTIONS / "setup/README.md").read_text()
    listed = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert listed == [*loaded["inputs"], *loaded["outputs"]]
    assert "mlops-ci/mlops-ci/actions/setup@" in page
