"""Every step has all that belongs to a step, and in the shape that all have."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from mlops_ci.catalog import STEPS
from mlops_ci.settings.fields import Section
from mlops_ci.settings.project import SECTIONS

ROOT = Path(__file__).parents[2]
EACH = pytest.mark.parametrize("name", STEPS)
PARTS = ("What it", "Inputs", "Settings used", "Outputs", "Exit codes", "Example")


@EACH
def test_a_step_has_a_name_options_a_judgement_and_a_run(name: str) -> None:
    module = import_module(STEPS[name].module)
    assert name == module.NAME
    assert module.Options is SECTIONS[STEPS[name].section]
    assert issubclass(module.Options, Section)
    assert inspect.getdoc(module.evaluate)
    assert list(inspect.signature(module.run).parameters) == ["options", "context"]


@EACH
def test_its_four_parts_stand_in_the_same_order(name: str) -> None:
    source = inspect.getsource(import_module(STEPS[name].module))
    places = [source.index(part) for part in (" as Options", "\nNAME = ", "\ndef evaluate(", "\ndef run(")]
    assert places == sorted(places)


@EACH
def test_it_has_a_page_with_all_parts(name: str) -> None:
    page = (ROOT / f"docs/reference/steps/{name}.md").read_text()
    assert page.startswith(f"# {name}\n")
    places = [page.index(f"**{part}") for part in PARTS]
    assert places == sorted(places)
    assert "```" in page


@EACH
def test_it_has_an_action_with_its_readme(name: str) -> None:
    for file in ("action.yml", "README.md"):
        assert (ROOT / "actions" / name / file).is_file()


@EACH
def test_it_has_an_extra_that_can_be_installed(name: str) -> None:
    assert f"\n{STEPS[name].extra} = [" in (ROOT / "pyproject.toml").read_text()


def test_every_page_is_about_a_step() -> None:
    assert {path.stem for path in (ROOT / "docs/reference/steps").glob("*.md")} == set(STEPS)


def test_every_setting_says_what_it_is_for() -> None:
    for section, kind in SECTIONS.items():
        for name, info in kind.model_fields.items():
            assert (info.description or "").endswith("."), f"{section}.{name}"
