"""Every rule of the request schema must be enforced, and no rule may be passed over."""

import json
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from {{cookiecutter.package}}.data import INPUTS
from {{cookiecutter.package}}.request import Request, read

FRAME = {"type": "object", "required": ["x"], "additionalProperties": False}


def write(folder: Path, rules: dict[str, Any], **others: Any) -> Path:  # noqa: ANN401 - any keyword
    """Return the path of a schema of one field."""
    path = folder / "request.json"
    path.write_text(json.dumps(FRAME | {"properties": {"x": rules}} | others))
    return path


def refused(wanted: Request, inputs: dict[str, Any]) -> list[Any]:
    """Return the names of the fields that are refused."""
    try:
        TypeAdapter(Annotated[dict[str, Any], wanted]).validate_python(inputs)
    except ValidationError as error:
        return [item["loc"][-1] for item in error.errors()]
    return []


def forbidden(rules: dict[str, Any]) -> list[Any]:
    """Return values that the rules of a field forbid, each for another reason."""
    kinds = rules["type"] if isinstance(rules["type"], list) else [rules["type"]]
    bad: list[Any] = [[1], {}]
    bad += [7] if "string" in kinds else ["7"]
    bad += [] if "null" in kinds else [None]
    bad += [] if "boolean" in kinds else [True]
    bad += [1.5] if "integer" in kinds else []
    bad += [float("nan"), float("inf"), 10**400] if "number" in kinds else []
    bad += [rules["minimum"] - 1] if "minimum" in rules else []
    bad += [rules["maximum"] + 1] if "maximum" in rules else []
    bad += [f"no {rules['enum'][0]}"] if "enum" in rules else []
    return bad


def test_a_request_holds_the_inputs_of_the_model(wanted: Request) -> None:
    assert list(wanted.schema["properties"]) == INPUTS


def test_every_row_of_the_golden_set_could_be_a_request(
    wanted: Request, golden: pd.DataFrame
) -> None:
    rows = json.loads(golden[INPUTS].to_json(orient="records"))
    TypeAdapter(list[Annotated[dict[str, Any], wanted]]).validate_python(rows)


@pytest.mark.parametrize("field", INPUTS)
def test_a_bad_value_is_refused_by_name(
    wanted: Request, example: dict[str, Any], field: str
) -> None:
    for value in forbidden(wanted.schema["properties"][field]):
        assert refused(wanted, example | {field: value}) == [field], value


def test_what_nobody_asked_for_is_refused(wanted: Request, example: dict[str, Any]) -> None:
    assert refused(wanted, example | {"unasked": 1}) == ["unasked"]


@pytest.mark.parametrize("field", INPUTS)
def test_no_field_may_be_left_out(wanted: Request, example: dict[str, Any], field: str) -> None:
    assert refused(wanted, {key: example[key] for key in INPUTS if key != field}) == [field]


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({"type": "integer", "minimum": 1}, 1.0, 0),
        ({"type": "integer", "enum": [1, 2, None]}, 2, 3),
        ({"type": ["integer", "null"], "enum": [1, None]}, None, 0),
        ({"type": "number", "maximum": 1}, 1, 1.1),
        ({"type": "number", "exclusiveMinimum": 0}, 0.1, 0),
        ({"type": "number", "exclusiveMaximum": 1}, 0.9, 1),
        ({"type": "number", "not": {"enum": [-999]}}, -998, -999),
        ({"type": "string", "minLength": 2}, "ab", "a"),
        ({"type": "string", "maxLength": 2}, "ab", "abc"),
        ({"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "b$"}]}, "ab", "b"),
        ({"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "b$"}]}, "ab", "a"),
        ({"type": "boolean", "description": "of no weight"}, True, 1),
    ],
)
def test_every_rule_is_enforced(
    tmp_path: Path, rules: dict[str, Any], good: object, bad: object
) -> None:
    wanted = read(write(tmp_path, rules))
    assert refused(wanted, {"x": good}) == []
    assert refused(wanted, {"x": bad}) == ["x"]


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"type": "array"},
        {"type": ["integer", "string"]},
        {"type": "string", "format": "date"},
        {"type": "string", "minimum": 1},
        {"type": "number", "pattern": "1"},
        {"type": "string", "pattern": "("},
        {"type": "integer", "maximum": "many"},
        {"type": "string", "not": {"pattern": "a"}},
        {"type": "string", "allOf": [{"contains": "a"}]},
    ],
)
def test_a_rule_that_cannot_be_enforced_is_an_error(tmp_path: Path, rules: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"request\.json: x: "):
        read(write(tmp_path, rules))


@pytest.mark.parametrize(
    "others", [{"required": []}, {"additionalProperties": True}, {"minProperties": 1}]
)
def test_a_rule_for_the_whole_request_is_an_error_too(
    tmp_path: Path, others: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="allow no others, and say no more"):
        read(write(tmp_path, {"type": "integer"}, **others))
