"""The schema of a serving request, derived from the contract of the training data: one truth for both."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from mlops_ci.contracts.promises import Promise, promises
from mlops_ci.contracts.suite import Suite

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def request_schema(suite: Suite, without: Collection[str] = ()) -> dict[str, Any]:
    """Return a JSON Schema of one request's inputs: every column but those in `without`, and no others.

    Every input must be given, null where the contract allows it: a misspelt name is an error, not a missing value.
    """
    inputs = [one for one in promises(suite) if one.column not in without]
    return {
        "$schema": DIALECT,
        "title": suite.name,
        "type": "object",
        "properties": {one.column: _property(one) for one in inputs},
        "required": [one.column for one in inputs],
        "additionalProperties": False,
    }


def to_text(schema: Mapping[str, Any]) -> str:
    """Return the text of a schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _property(promise: Promise) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if promise.kind:
        found["type"] = [promise.kind, "null"] if promise.nullable else promise.kind
    if promise.members is not None:
        found["enum"] = [*promise.members, None] if promise.nullable else list(promise.members)
    if promise.kind in ("integer", "number"):
        found |= _bounds(promise)
    if promise.kind == "string":
        lengths = {"minLength": promise.shortest, "maxLength": promise.longest}
        found |= {key: value for key, value in lengths.items() if value is not None}
        if len(promise.patterns) == 1:
            found["pattern"] = promise.patterns[0]
        elif promise.patterns:
            found["allOf"] = [{"pattern": one} for one in promise.patterns]
    if promise.forbidden:
        found["not"] = {"enum": list(promise.forbidden)}
    if promise.notes:
        found["description"] = " ".join(promise.notes)
    if promise.sensitive:
        found["writeOnly"] = True
    return found


def _bounds(promise: Promise) -> Mapping[str, Any]:
    low = {"exclusiveMinimum" if promise.above else "minimum": promise.low}
    high = {"exclusiveMaximum" if promise.below else "maximum": promise.high}
    return {key: value for key, value in (low | high).items() if isinstance(value, int | float)}
