"""Whatever is answered, the repository is whole: clean, parseable, and about one problem only."""

import compileall
import json
import re
import sys
import tomllib
from itertools import product
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mlops_ci.settings import document
from mlops_ci.settings.gate import GateSettings
from mlops_ci.settings.load import Cascade
from templates.baking import ROOT, TEMPLATE, TYPES, Runner, bake

pytestmark = pytest.mark.integration

SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"
EXPRESSION = r"github|secrets|inputs|vars|steps|needs|runner|toJSON|!|\w+\("  # GitHub's own
LEFT = re.compile(rf"cookiecutter|\{{%|(?<!\d)%\}}|\{{\{{(?! *({EXPRESSION}))|MCI_|/tmp/|0{{40}}")
# Words that only one problem's files say.
WORDS = {
    "binary": r"\bdelayed\b|roc_auc",
    "regression": "air_minutes|mean_absolute_error",
    "multiclass": "on_time|f1_macro",
    "ranking": r"lateness|\bboard|ndcg",
}
NAMES: tuple[dict[str, str], ...] = (
    {},
    {"project_name": "Ünïted's late arrivals & 雪", "owner": "octo/models.team"},
    {"project_name": "x" * 60, "project_slug": "a" * 50, "package": "z" * 32, "owner": "o" * 39},
    {"project_name": "#1: 'quoted' <b>$HOME</b> `id` %s", "project_slug": "b", "package": "q"},
)


PAIRS = list(product(WORDS, range(len(NAMES))))
DIAGONAL = list(zip(WORDS, range(len(NAMES)), strict=True))  # every problem and all names, once


def baked(tmp_path_factory: pytest.TempPathFactory, pair: tuple[str, int]) -> tuple[str, Path]:
    problem, names = pair
    return problem, bake(tmp_path_factory.mktemp("matrix"), problem=problem, **NAMES[names])


@pytest.fixture(scope="module", params=PAIRS, ids=str)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return a problem and the repository that was baked for it; every pair of a problem and names is there."""
    return baked(tmp_path_factory, request.param)


def texts(repository: Path) -> dict[str, str]:
    """Return path → text of what a person may read; where it came from is known to `.cruft.json` alone."""
    found = (path for path in sorted(repository.rglob("*")) if path.is_file() and path.suffix != ".parquet")
    named = {str(path.relative_to(repository)): path.read_text(encoding="utf-8") for path in found}
    named.pop(".cruft.json")
    return named


def test_nothing_is_left_of_the_template_or_of_other_problems(made: tuple[str, Path]) -> None:
    problem, repository = made
    others = re.compile("|".join(words for name, words in WORDS.items() if name != problem))
    for path, text in texts(repository).items():
        assert not LEFT.search(text), (path, LEFT.search(text))
        assert not others.search(text), (path, others.search(text))
        assert str(ROOT) not in text, path
        assert text.endswith("\n"), path
        assert not re.search(r"[ \t]$", text, re.MULTILINE), path
    assert not (repository / "problem").exists()


def test_every_file_parses_and_the_code_is_clean(made: tuple[str, Path], tmp_path: Path) -> None:
    _, repository = made
    for path, text in texts(repository).items():
        match Path(path).suffix:
            case ".yaml" | ".yml":
                assert YAML(typ="safe").load(text), path
            case ".toml":
                assert tomllib.loads(text), path
            case ".json" if path != "contracts/profile.json":
                assert json.loads(text), path
    run = Runner(repository, tmp_path)
    run("ruff", "check", "--no-cache", ".")
    run("ruff", "format", "--no-cache", "--check", ".")
    run("mypy", "--python-executable", sys.executable, "--cache-dir", str(TYPES))
    assert compileall.compile_dir(repository / "src", quiet=1)
    assert compileall.compile_dir(repository / "tests", quiet=1)


def test_its_settings_are_ours_and_speak_of_its_own_columns(made: tuple[str, Path]) -> None:
    _, repository = made
    settings = Cascade(document.read(repository / "mlops.yaml"), {})
    settings.check_all()
    gate = settings.section("gate", GateSettings, {})
    contract = json.loads((repository / "contracts/data.json").read_text())
    columns = contract["expectations"][0]["kwargs"]["column_set"]
    assert {gate.label, gate.query or gate.id} <= set(columns)
    assert f"| `{gate.label}` (not in requests) |" in (repository / "docs/data-dictionary.md").read_text()


def test_the_workflows_are_those_that_are_linted(made: tuple[str, Path]) -> None:
    """`make lint` judges the template's; what was answered changes none of them."""
    _, repository = made
    commit = json.loads((repository / ".cruft.json").read_text())["commit"]
    for path in sorted((SOURCE / ".github").rglob("*.*")):
        same = path.read_text(encoding="utf-8").replace("0" * 40, commit)
        assert (repository / path.relative_to(SOURCE)).read_text(encoding="utf-8") == same


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "pair", [one if one in DIAGONAL else pytest.param(one, marks=pytest.mark.nightly) for one in PAIRS], ids=str
)
def test_its_own_tests_pass(pair: tuple[str, int], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    run = Runner(baked(tmp_path_factory, pair)[1], tmp_path)
    run("git", "init", "--quiet")
    assert " passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
