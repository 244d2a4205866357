"""The tables of inputs and outputs in each action's README, written from its action.yml and from the settings."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mlops_ci.catalog import STEPS
from mlops_ci.settings.fields import Section
from mlops_ci.settings.load import flag_of
from mlops_ci.settings.project import SECTIONS

ACTIONS = Path(__file__).resolve().parent.parent / "actions"
# What an input means that is not given: of these in words, of the others the default of the setting.
_IN_WORDS = {"settings": "`mlops.yaml`, here or above", "model": "the only one"}


def pages() -> dict[Path, str]:
    """Return every README of an action, with its tables as they should be; what people wrote in it stays."""
    return {place: _page(place) for place in sorted(ACTIONS.glob("*/README.md"))}


def _page(place: Path) -> str:
    action = YAML(typ="safe").load(place.with_name("action.yml").read_text(encoding="utf-8"))
    kind = SECTIONS[STEPS[place.parent.name].section] if place.parent.name in STEPS else None
    inputs = ((name, info["description"], _default(name, info, kind)) for name, info in action["inputs"].items())
    outputs = ((name, info["description"]) for name, info in action["outputs"].items())
    page = _with_table(place.read_text(encoding="utf-8"), "Inputs", ("input", "meaning", "default"), inputs)
    return _with_table(page, "Outputs", ("output", "meaning"), outputs)


def _with_table(page: str, title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [head, *((f"`{name}`", *(cell.replace("|", "&#124;") for cell in rest)) for name, *rest in rows)]
    first, *others = (f"| {' | '.join(row)} |" for row in cells)
    table = "\n".join([first, "|---" * len(head) + "|", *others])
    found = re.compile(rf"(^## {title}\n.*?)^\|.*?\n\n", re.MULTILINE | re.DOTALL)
    return found.sub(lambda match: f"{match[1]}{table}\n\n", page, count=1)


def _default(name: str, info: Mapping[str, Any], kind: type[Section] | None) -> str:
    """Return what an input is that is not given."""
    if info.get("required"):
        return "required"
    if given := info["default"]:
        return "the job's token" if given == "${{ github.token }}" else f"`{given}`"
    if name in _IN_WORDS or kind is None:
        return _IN_WORDS.get(name, "none")
    return _setting(kind, next(field for field in kind.model_fields if flag_of(kind, field) == name))


def _setting(kind: type[Section], field: str) -> str:
    """Return the default of a setting."""
    if kind.model_fields[field].is_required():
        return "`mlops.yaml`"
    described = kind.model_json_schema()["properties"][field]
    value = described.get("default")
    if value in (None, []):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g} s`" if "ms|s|m|h|d" in str(described.get("anyOf")) else f"`{value}`"
