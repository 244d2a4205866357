"""The JSON Schema of `mlops.yaml`, generated from the models, for editors."""

from typing import Any

from pydantic.json_schema import models_json_schema

from mlops_ci.settings.fields import Section
from mlops_ci.settings.project import SECTIONS, ProjectSettings


def json_schema() -> dict[str, Any]:
    """Return the schema: the sections at the top, or below `models.<name>`.

    In a file a section may leave out what a flag gives, so nothing in it is required.
    """
    kinds: list[type[Section]] = [ProjectSettings, *SECTIONS.values()]
    references, whole = models_json_schema([(kind, "validation") for kind in kinds])
    definitions = whole["$defs"]
    for definition in definitions.values():
        definition.pop("required", None)
    project = definitions.pop(ProjectSettings.__name__)
    sections = {name: references[kind, "validation"] for name, kind in SECTIONS.items()}
    definitions["OneModel"] = {"type": "object", "additionalProperties": False, "properties": sections}
    many = {
        "type": "object",
        "description": "Several models, each with its own sections; --model picks one.",
        "additionalProperties": {"$ref": "#/$defs/OneModel"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlops.yaml",
        "type": "object",
        "additionalProperties": False,
        "properties": project["properties"] | sections | {"models": many},
        "$defs": definitions,
    }
