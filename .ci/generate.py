"""Write what is generated from the code: schemas, reference pages, texts of findings; check pages written by hand.

`generate.py` writes, `generate.py --check` only says what is stale and ends with 1.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import action_pages
import click

from mlops_ci.cli.main import root
from mlops_ci.render.schema import json_schema as report_schema
from mlops_ci.settings.fields import Section
from mlops_ci.settings.load import flag_of, is_flag
from mlops_ci.settings.project import SECTIONS, ProjectSettings
from mlops_ci.settings.schema import json_schema as settings_schema

ROOT = Path(__file__).resolve().parent.parent
RESOURCES = ROOT / "src/mlops_ci/resources"
REFERENCE = ROOT / "docs/reference"
CODE = re.compile(r"MCI-[A-Z]+-\d{3}")
NOTICE = "<!-- Written by `make docs`; change the code instead. -->"


def contents() -> dict[Path, str]:
    """Return every generated file with what should stand in it."""
    return {
        RESOURCES / "report.schema.json": _json(report_schema()),
        RESOURCES / "mlops.schema.json": _json(settings_schema()),
        RESOURCES / "findings.json": _json(_findings()),
        REFERENCE / "settings.md": _settings(),
        REFERENCE / "cli.md": _commands(),
        **action_pages.pages(),
    }


def stale() -> list[str]:
    """Return one sentence for each page that does not say what the code does."""
    wrong = [
        f"{path.relative_to(ROOT)} is stale. Run: make docs"
        for path, text in contents().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    used = {code for path in (ROOT / "src").rglob("*.py") for code in CODE.findall(path.read_text(encoding="utf-8"))}
    page = (REFERENCE / "findings.md").read_text(encoding="utf-8")
    described = set(re.findall(rf"^## ({CODE.pattern})$", page, re.MULTILINE))
    wrong += [f"docs/reference/findings.md has no section on {code}" for code in sorted(used - described)]
    wrong += [f"docs/reference/findings.md describes {code}, which nothing finds" for code in sorted(described - used)]
    return wrong


def _findings() -> dict[str, dict[str, str]]:
    """Return each code's title and first paragraph from the page on findings: SARIF carries them."""
    page = (REFERENCE / "findings.md").read_text(encoding="utf-8")
    sections = re.findall(rf"^## ({CODE.pattern})\n\n\*\*(.+?)\.\*\*(.*?)\n\n", page, re.MULTILINE | re.DOTALL)
    return {
        code: {"title": " ".join(title.split()), "text": " ".join(f"{title}.{text}".split())}
        for code, title, text in sections
    }


def _json(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _settings() -> str:
    intro = (
        "Each value comes from the strongest of: default, `mlops.yaml`, environment variable, flag. "
        "`mlops-ci settings` shows every value and where it came from. Relative paths in the file are relative to "
        "its folder. A repository with several models puts the same sections under `models: {<name>: …}`; "
        "`--model` picks one."
    )
    parts = ["# Settings", NOTICE, intro, "## Above the sections", _table(None, ProjectSettings)]
    for name, kind in SECTIONS.items():
        parts += [f"## `{name}`", str(kind.__doc__), _table(name, kind)]
    return "\n\n".join(parts) + "\n"


def _table(section: str | None, kind: type[Section]) -> str:
    schema = kind.model_json_schema()
    lines = ["| key | type | default | flag | environment variable | |", "|---|---|---|---|---|---|"]
    for name, info in kind.model_fields.items():
        described = schema["properties"][name]
        default = "required" if info.is_required() else _default(described.get("default"))
        flag = f"`--{flag_of(kind, name)}`" if section and is_flag(kind, name) else "–"
        variable = f"MLOPS_CI_{f'{section}__' if section else ''}{name}".upper()
        cells = (f"`{name}`", _type(described), default, flag, f"`{variable}`", info.description)
        lines.append(f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(lines)


def _default(value: object) -> str:
    return "none" if value is None else f"`{json.dumps(value)}`"


def _type(schema: dict[str, object]) -> str:
    """Return a JSON Schema's type in words."""
    match schema:
        case {"anyOf": [*options]}:
            kinds = [_type(one) for one in options if isinstance(one, dict) and one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
        case {"enum": [*values]}:
            return " or ".join(f"`{value}`" for value in values)
        case {"type": "array", "items": dict(items)}:
            return f"list of {_type(items)}"
        case {"format": "path"}:
            return "path"
        case {"type": "string", "pattern": str(pattern)} if "ms|s|m|h|d" in pattern:
            return "duration such as `500ms`, `10s`, `30m`"
        case _:
            words = {"object": "mapping", "string": "text", "boolean": "true or false", "integer": "whole number"}
            kind = str(schema.get("type", "value"))
            return words.get(kind, kind)


def _commands() -> str:
    with click.Context(root, info_name="mlops-ci", max_content_width=100, terminal_width=100) as context:
        parts = ["# Command line", NOTICE, _help(root, context)]
        for command, name, parent in _walk(root, context):
            with click.Context(command, info_name=name, parent=parent, terminal_width=100) as own:
                parts += [f"## `{own.command_path}`", _help(command, own)]
    return "\n\n".join(parts) + "\n"


def _walk(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, str, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        yield command, name, context
        if isinstance(command, click.Group):
            with click.Context(command, info_name=name, parent=context) as own:
                yield from _walk(command, own)


def _help(command: click.Command, context: click.Context) -> str:
    lines = (line.rstrip() for line in command.get_help(context).splitlines())
    return "\n".join(["```text", *lines, "```"])


def main() -> None:
    """Write every file, or with `--check` only compare."""
    if "--check" not in sys.argv[1:]:
        for path, text in contents().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if wrong := stale():
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
