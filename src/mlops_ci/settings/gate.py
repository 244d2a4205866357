"""Section `gate`: what a challenger must show before it may ship."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

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


class GapBound(Section):
    """A limit on a difference between groups: exactly one of the two."""

    at_most: float | None = Field(default=None, ge=0, le=1, description="The challenger's own gap is at most this.")
    no_worse_than: float | None = Field(
        default=None, ge=0, le=1, description="Larger than the champion's gap by at most this."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "GapBound":
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("a limit on a gap has exactly one of at_most, no_worse_than")
        return self


class FairnessSettings(Section):
    """Limits on how differently groups are treated."""

    by: str = Field(description="Column of the golden set that names each row's group.")
    min_rows: int = Field(default=20, ge=2, description="Smaller groups are pooled into `other`.")
    demographic_parity_gap: GapBound | None = Field(
        default=None, description="Largest difference between groups in the share of positive predictions."
    )
    equal_opportunity_gap: GapBound | None = Field(
        default=None, description="Largest difference between groups in the true positive rate."
    )
    equalized_odds_gap: GapBound | None = Field(
        default=None, description="Largest difference between groups in the true or the false positive rate."
    )

    @model_validator(mode="after")
    def _at_least_one(self) -> "FairnessSettings":
        if not self.limits:
            raise ValueError("fairness has at least one limit, such as equal_opportunity_gap: {at_most: 0.05}")
        return self

    @property
    def limits(self) -> dict[str, GapBound]:
        """Return the limits that are set, by name."""
        every = {name: getattr(self, name) for name in type(self).model_fields if name.endswith("_gap")}
        return {name: bound for name, bound in every.items() if bound is not None}


_NO_FLAG: dict[str, JsonValue] = {"flag": False}


class GateSettings(Section):
    """What `gate-model` judges, and by which rules."""

    golden: Path = Field(description="Golden set: Parquet or CSV with id, label and the model's inputs.")
    id: str = Field(default="id", description="Column of the golden set that names a row.")
    label: str = Field(description="Column of the golden set that holds the truth.")
    positive: str = Field(
        default="1", description="Label of the positive class, where there are two.", json_schema_extra=_NO_FLAG
    )
    weight: str | None = Field(default=None, description="Column with each row's weight.", json_schema_extra=_NO_FLAG)
    cluster: str | None = Field(
        default=None,
        description="Column that says which rows belong together (user, session, document).",
        json_schema_extra=_NO_FLAG,
    )
    query: str | None = Field(
        default=None, description="Column that says which rows are ranked together.", json_schema_extra=_NO_FLAG
    )
    item: str = Field(
        default="item",
        description="Column that, with the query, names a row of a ranking; the id then is not needed.",
        json_schema_extra=_NO_FLAG,
    )
    rules: list[Rule] = Field(min_length=1, description="All must pass: metric name to one bound.")
    slices: SliceSettings | None = Field(default=None, description="A rule for each part of the golden set.")
    flips: FlipSettings | None = Field(default=None, description="Limit on rows that were right and are wrong now.")
    fairness: FairnessSettings | None = Field(default=None, description="Limits on differences between groups.")
    must_pass: Path | None = Field(
        default=None,
        description="JSON Lines with the `id` of golden rows that must be right, each on its own.",
        json_schema_extra={"path": True},
    )
    challenger: str = Field(
        default="models/current",
        description="Challenger: an MLflow model folder or URI, or the URL of a running service.",
        json_schema_extra={"path": True},
    )
    champion: str = Field(
        default="released",
        description="Champion: `released` (what the state branch names), `none`, or what a challenger may be.",
    )
    challenger_predictions: Path | None = Field(
        default=None,
        description="The challenger's answers as a file; a model that is named, too, must answer a sample alike.",
        json_schema_extra={"path": True},
    )
    champion_predictions: Path | None = Field(
        default=None,
        description="The champion's answers as a file, instead of asking it.",
        json_schema_extra={"path": True},
    )
    environment: str = Field(default="production", description="Environment whose champion is compared.")
    decide_on: Literal["interval", "estimate"] = Field(
        default="interval",
        description="Judge by the 95 % bound, or by the point estimate alone.",
        json_schema_extra=_NO_FLAG,
    )
    base: str | None = Field(default=None, description="Revision whose rules judge, too: the base of a pull request.")
    training: str | None = Field(
        default=None,
        description="Training data, a path or glob: a golden row that stands there, too, is an error.",
        json_schema_extra=_NO_FLAG,
    )
    golden_version: str | None = Field(
        default=None,
        description="Version of the golden set; a file that changes under the same version is an error.",
        json_schema_extra=_NO_FLAG,
    )
    budget: int = Field(
        default=200,
        ge=1,
        description="How many decisions one golden set may make before it must be renewed.",
        json_schema_extra=_NO_FLAG,
    )
    environments: Literal["auto", "shared", "own"] = Field(
        default="auto",
        description="Where models run: `shared` all with `python`, `own` each with its requirements installed; "
        "`auto` is `own` where the requirements of the two differ.",
        json_schema_extra=_NO_FLAG,
    )
    python: str = Field(default="python", description="Interpreter with the models' libraries.")
    timeout: Duration = Field(default=300.0, description="Time a model may take to load or to predict.")

    @model_validator(mode="after")
    def _no_contradiction(self) -> "GateSettings":
        for metric in {name for rule in self.rules for name in rule}:
            bounds = [rule[metric] for rule in self.rules if metric in rule]
            least = max((one.at_least for one in bounds if one.at_least is not None), default=None)
            most = min((one.at_most for one in bounds if one.at_most is not None), default=None)
            if least is not None and most is not None and least > most:
                raise ValueError(f"rules contradict each other: {metric} at_least {least:g} and at_most {most:g}")
        return self
