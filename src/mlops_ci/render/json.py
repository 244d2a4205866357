"""A report as JSON, in the shape of `resources/report.schema.json`."""

import json

from mlops_ci.report import StepReport


def render(report: StepReport) -> str:
    """Return the report as one JSON document; infinities and NaN never stand in it."""
    return json.dumps(report.to_json(), indent=2, allow_nan=False, default=str) + "\n"
