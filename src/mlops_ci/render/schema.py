"""The JSON Schema of a report, made from the classes that reports are made of, so that there is one truth."""

from dataclasses import fields
from typing import Any, get_args

from mlops_ci.report import SCHEMA, Finding, Location, Measurement, StepReport, Verdict


def json_schema() -> dict[str, Any]:
    """Return the schema of what `StepReport.to_json` returns: all keys always stand there, and no others."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(StepReport).json_schema(mode="serialization")
    kinds = {kind.__name__: kind for kind in (Finding, Location, Measurement)}
    for name, kind in kinds.items():
        _close(schema["$defs"][name], [one.name for one in fields(kind)])
    finding = schema["$defs"]["Finding"]
    finding["properties"]["docs"] = {"type": "string", "title": "Docs"}
    finding["required"].append("docs")
    _close(schema, ["schema", "step", "verdict", "exit_code", *(one.name for one in fields(StepReport))])
    verdict = {"enum": [*get_args(Verdict), None], "title": "Verdict", "description": "null: nothing was judged"}
    head = {"schema": {"const": SCHEMA}, "verdict": verdict, "exit_code": {"type": "integer", "title": "Exit Code"}}
    schema["properties"] = head | schema["properties"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "mlops-ci report"}


def _close(schema: dict[str, Any], names: list[str]) -> None:
    schema["required"] = list(dict.fromkeys(names))
    schema["additionalProperties"] = False
