"""Section `gate`: what a challenger must show before it may ship."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mlops_ci.settings.fields import Duration, MarginField, Section


class Bound(Section):
    """One rule about one metric: exactly one of the four."""

    improve_by: MarginField | None = Field(default=None, description="Better than the champion by more than this.")
    no_worse_than: MarginField | None = Field(default=None, description="Worse than the champion by at most this.")
    at_least: float | None = Field(default=None, description="The challenger's own value is at least this.")
    at_most: float | None = Field(default=None, description="The challenger's own value is at most this.")

    @model_validator(mode="after")
    def _exactly_one(self) -> "Bound":
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("a rule has exactly one of improve_by, no_worse_than, at_least, at_most")
        return self


Rule = Annotated[dict[str, Bound], Field(min_length=1, max_length=1)]


class SliceSettings(Section):
    """A rule for each part of the golden set."""

    by: list[str] = Field(min_length=1, description="Columns; every value of each is a slice.")
    rule: Rule = Field(description="Metric name to one no_worse_than.")
    prove: Literal["harm", "safety"] = Field(
        default="harm", description="Block slices shown to be worse, or all that are not shown to be safe."
    )
    min_rows: int = Field(default=50, ge=2, description="Smaller slices of a column are pooled into `other`.")

    @model_validator(mode="after")
    def _no_worse_than(self) -> "SliceSettings":
        ((_, bound),) = self.rule.items()
        if bound.no_worse_than is None:
            raise ValueError("a slice's rule is a no_worse_than")
        return self


class FlipSettings(Section):
    """A limit on rows that the champion had right and the challenger has wrong."""

    at_most: MarginField = Field(description="Share of all golden rows, such as 1%.")


class GateSettings(Section):
    """What `gate-model` judges, and by which rules."""

    golden: Path = Field(description="Golden set: Parquet or CSV with id, label and the model's inputs.")
    id: str = Field(default="id", description="Column of the golden set that names a row.")
    label: str = Field(description="Column of the golden set that holds the truth (0 or 1).")
    rules: list[Rule] = Field(min_length=1, description="All must pass: metric name to one bound.")
    slices: SliceSettings | None = Field(default=None, description="A rule for each part of the golden set.")
    flips: FlipSettings | None = Field(default=None, description="Limit on rows that were right and are wrong now.")
    must_pass: Path | None = Field(
        default=None,
        description="JSON Lines with the `id` of golden rows that must be right, each on its own.",
        json_schema_extra={"path": True},
    )
    challenger: Path = Field(default=Path("models/current"), description="Challenger: an MLflow model folder.")
    champion: str = Field(
        default="released",
        description="Champion: `released` (what the state branch names), `none`, or an MLflow model folder.",
    )
    environment: str = Field(default="production", description="Environment whose champion is compared.")
    decide_on: Literal["interval", "estimate"] = Field(
        default="interval", description="Judge by the 95 % bound, or by the point estimate alone."
    )
    python: str = Field(default="python", description="Interpreter with the model's libraries.")
    timeout: Duration = Field(default=300.0, description="Time a model may take to load or to predict.")
