"""The JSON Schema of `mlops.yaml`, generated from the models, for editors."""

from types import GenericAlias
from typing import Any

from pydantic import Field, create_model

from mlops_ci.settings.fields import Section
from mlops_ci.settings.project import SECTIONS, ProjectSettings


def json_schema() -> dict[str, Any]:
    """Return the schema: the sections at the top, or below `models.<name>`.

    In a file a section may leave out what a flag gives, so nothing in it is required.
    """
    sections: dict[str, Any] = {name: (kind | None, Field(default=None)) for name, kind in SECTIONS.items()}
    one = create_model("OneModel", __base__=Section, **sections)
    many: Any = (GenericAlias(dict, (str, one)) | None, Field(default=None))
    whole = create_model("MlopsYaml", __base__=one, models=many)
    schema = whole.model_json_schema()
    project = ProjectSettings.model_json_schema()
    schema["properties"] = project["properties"] | schema["properties"]
    for definition in schema["$defs"].values():
        definition.pop("required", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mlops.yaml"} | schema
