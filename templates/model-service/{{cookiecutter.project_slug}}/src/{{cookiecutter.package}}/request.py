"""Accepts what the contract of the training data allows, and nothing else."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic_core import CoreSchema, PydanticCustomError, SchemaError, SchemaValidator
from pydantic_core import core_schema as core

Rules = Mapping[str, Any]

# Without strictness a text would pass for a number, and true for 1.
KINDS: dict[str, Any] = {
    "integer": partial(core.int_schema, strict=True),
    "number": partial(core.float_schema, strict=True, allow_inf_nan=False),
    "string": partial(core.str_schema, strict=True),
    "boolean": partial(core.bool_schema, strict=True),
}
# What JSON Schema says, in pydantic's words. A kind that has no such limit refuses the word.
LIMITS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
}
ABOUT = {"$schema", "title", "properties"}


@dataclass(frozen=True)
class Request:
    """What pydantic, and through it FastAPI, must know of a request."""

    schema: dict[str, Any]
    rules: CoreSchema

    @property
    def sensitive(self) -> list[str]:
        """Return the fields whose values must not be written down."""
        fields = self.schema["properties"].items()
        return [name for name, rules in fields if rules.get("writeOnly")]

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        """Return the rules."""
        return self.rules

    def __get_pydantic_json_schema__(self, _rules: object, _handler: object) -> dict[str, Any]:
        """Return the description, for the page that shows it."""
        return self.schema


def read(path: Path) -> Request:
    """Return the request that a JSON Schema describes: an object, each property required.

    A ValueError says what of the schema would not be enforced here: a rule passed over is a hole.
    """
    schema = json.loads(path.read_text(encoding="utf-8"))
    properties: dict[str, Rules] = schema.get("properties", {})
    frame = {"type": "object", "required": list(properties), "additionalProperties": False}
    if {key: value for key, value in schema.items() if key not in ABOUT} != frame:
        message = f"{path} must require all of its properties, allow no others, and say no more"
        raise ValueError(message)
    fields = {}
    for name, rules in properties.items():
        try:
            fields[name] = core.typed_dict_field(field(rules), required=True)
        except (SchemaError, TypeError, ValueError) as error:
            message = f"{path}: {name}: {error}"
            raise ValueError(message) from error
    return Request(schema, core.typed_dict_schema(fields, extra_behavior="forbid"))


def field(rules: Rules) -> CoreSchema:
    """Return what one field must be."""
    said = {key: value for key, value in rules.items() if key not in ("description", "writeOnly")}
    listed = said.pop("type", None)
    kinds = listed if isinstance(listed, list) else [listed]
    others = [one for one in kinds if one != "null"]
    if len(others) != 1 or others[0] not in KINDS:
        message = f"type is {listed!r}, but must be one of {', '.join(KINDS)}"
        raise ValueError(message)
    further = said.pop("allOf", [])
    parts = core.chain_schema([value(others[0], part) for part in (said, *further)])
    SchemaValidator(parts)  # so that a wrong limit is known by its field
    return core.nullable_schema(parts) if "null" in kinds else parts


def value(kind: str, rules: Rules) -> CoreSchema:
    """Return what a value that is there must be."""
    limits = {LIMITS[key]: limit for key, limit in rules.items() if key in LIMITS}
    made: CoreSchema = KINDS[kind](**limits)
    if kind == "integer":
        made = core.no_info_before_validator_function(whole, made)
    for key, said in rules.items():
        if key == "enum":
            made = core.no_info_after_validator_function(partial(among, said), made)
        elif key == "not" and said.keys() == {"enum"}:
            made = core.no_info_after_validator_function(partial(not_among, said["enum"]), made)
        elif key not in LIMITS:
            message = f"{key} is a rule that this service does not enforce"
            raise ValueError(message)
    return made


def whole(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    """Return 7 for 7.0: in JSON they are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def among(members: Collection[Any], value: object) -> object:
    """Return the value if it is a member."""
    if value not in members:
        rule = "Input should be among {members}"
        problem = PydanticCustomError("among", rule, {"members": members})
        raise problem
    return value


def not_among(members: Collection[Any], value: object) -> object:
    """Return the value if it is no member."""
    if value in members:
        rule = "Input should not be among {members}"
        problem = PydanticCustomError("not_among", rule, {"members": members})
        raise problem
    return value
