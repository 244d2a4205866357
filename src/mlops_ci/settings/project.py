"""The sections of `mlops.yaml` by name, and the few values that stand above them."""

from pydantic import Field

from mlops_ci.settings.canary import CanarySettings
from mlops_ci.settings.data import DataSettings
from mlops_ci.settings.fields import Names, Section
from mlops_ci.settings.gate import GateSettings
from mlops_ci.settings.register import RegisterSettings
from mlops_ci.settings.scan import ScanSettings

SECTIONS: dict[str, type[Section]] = {
    "data": DataSettings,
    "gate": GateSettings,
    "scan": ScanSettings,
    "register": RegisterSettings,
    "canary": CanarySettings,
}


class ProjectSettings(Section):
    """Values above the sections."""

    model: str = Field(
        default="model",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$",
        description="Name of the registered model; it names release files, so letters, digits, . _ and - only.",
    )
    tracking_uri: str = Field(default="sqlite:///mlflow.db", description="MLflow server or database.")
    trusted_keys: Names = Field(
        default=(),
        description="Public keys (PEM files in this repository) whose signed evidence counts, as the commit has them; "
        "without any, this machine's own key.",
    )
