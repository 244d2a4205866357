"""Part `drift` of section `data`: how far data may lie from its profile."""

from pydantic import Field

from mlops_ci.settings.fields import Section


class DriftSettings(Section):
    """When a column has drifted: shown not to be chance, and far enough to matter by any of the distances."""

    alpha: float = Field(
        default=0.05, gt=0, lt=1, description="Expected share of false alarms among the alarms over all columns."
    )
    psi: float = Field(default=0.1, ge=0, description="Limit of the population stability index, less its bias.")
    jensen_shannon: float = Field(default=0.1, ge=0, description="Limit of the Jensen-Shannon distance, 0 to 1.")
    wasserstein: float = Field(
        default=0.1, ge=0, description="Limit of the Wasserstein distance, in the reference's standard deviations."
    )
    missing: float = Field(default=0.05, ge=0, description="Limit of the change in the share of missing values.")
    min_rows: int = Field(default=100, ge=20, description="With fewer values a column's drift is undecided.")
    ignore: list[str] = Field(
        default_factory=list, description="Columns that are not compared, such as ids, which always move on."
    )
