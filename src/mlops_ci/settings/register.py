"""Section `register`: which model becomes a version, and on what evidence."""

from pathlib import Path

from pydantic import Field

from mlops_ci.settings.fields import Section


class RegisterSettings(Section):
    """What `register-model` registers."""

    path: Path = Field(default=Path("models/current"), description="MLflow model folder to register.")
    data: Path = Field(default=Path("dvc.lock"), description="File that pins the data: its digest is recorded.")
    gate_report: Path = Field(
        default=Path(".mlops-ci/reports/gate-model.json"),
        description="Report of gate-model about exactly this model.",
    )
