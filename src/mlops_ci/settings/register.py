"""Section `register`: which model becomes a version, and on what evidence."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from mlops_ci.settings.fields import Section


class RegisterSettings(Section):
    """What `register-model` registers."""

    path: Path = Field(default=Path("models/current"), description="MLflow model folder to register.")
    data: Path = Field(default=Path("dvc.lock"), description="File that pins the data: its digest is recorded.")
    evidence: Path = Field(
        default=Path(".mlops-ci/evidence/gate-model.json"),
        description="Signed evidence that gate-model passed exactly this model.",
    )
    image: str | None = Field(
        default=None,
        pattern=r"^[^@\s]+@sha256:[0-9a-f]{64}$",
        description="Container image of the model, by digest, as `mlops-ci image` names it; the canary runs it.",
    )
    override_reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)] | None = Field(
        default=None,
        description="Why a model is registered without evidence: signed, recorded and shown wherever it is released.",
    )
