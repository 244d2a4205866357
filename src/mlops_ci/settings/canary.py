"""Section `canary`: how traffic moves to a challenger, and what moves it back."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from mlops_ci.settings.fields import Duration, Section

ENVIRONMENT = r"^[a-z0-9][a-z0-9-]{0,39}$"
Percent = Annotated[int, Field(ge=1, le=99)]


class CanarySettings(Section):
    """What `canary` and `rollback` steer, and the limits they judge by."""

    serve: list[str] = Field(min_length=1, description="Command that serves the model named by MODEL_PATH on PORT.")
    environment: str = Field(
        default="production",
        pattern=ENVIRONMENT,
        description="Environment that is released to.",
    )
    host: str = Field(default="127.0.0.1", description="Address on which the proxy listens.")
    port: int = Field(default=8080, ge=1, le=65535, description="Port on which the proxy listens.")
    runtime: Path = Field(default=Path(".mlops-ci/run"), description="Folder for the proxy, services and their logs.")
    version: str | None = Field(default=None, description="Registered version to release; the newest by default.")
    steps: list[Percent] = Field(
        default=[5, 25, 50], min_length=1, description="The challenger's share of traffic, step by step."
    )
    slow_ms: float = Field(default=250.0, gt=0, description="An answer slower than this is a bad one.")
    latency_margin: float = Field(default=1.1, ge=1, le=10, description="How many times as slow is still no harm.")
    latency_floor_ms: float = Field(
        default=10.0,
        ge=0,
        description="Answers faster than this are all equally fast: nobody notices, and it is noise.",
    )
    alpha: float = Field(default=0.01, gt=0, lt=0.5, description="Chance of rolling back a challenger that is equal.")
    beta: float = Field(default=0.05, gt=0, lt=0.5, description="Chance that a step overlooks a harmful challenger.")
    warm_up: Duration = Field(default=60.0, ge=0, description="Time after a start in which slow answers do not count.")
    time_limit: Duration = Field(default=3600.0, gt=0, description="After this a canary without evidence ends.")
    bake: Duration = Field(
        default=60.0, ge=0, description="Time after a promotion in which the old champion stands beside the new one."
    )
    watch_for: Duration | None = Field(
        default=None,
        gt=0,
        description="Time that one command watches; then it leaves the canary as it stands to the next command.",
    )
    attendance: Duration = Field(
        default=900.0,
        gt=0,
        description="Time from one command of a canary to the next; after that the champion gets its traffic back.",
    )
    metrics_timeout: Duration = Field(
        default=600.0, gt=0, description="Time without metrics after which the evidence counts as lost."
    )
    after: str | None = Field(
        default=None,
        pattern=ENVIRONMENT,
        description="Environment in which a version must be the champion before it gets traffic in this one.",
    )
    ready_timeout: Duration = Field(default=60.0, gt=0, description="Time a server has to become healthy.")
    drain: Duration = Field(default=5.0, ge=0, description="Time an old server has to finish what it began.")
    demands: list[Literal["scan", "sbom", "signature"]] = Field(
        default_factory=list, description="What must be proven of a release, beside its gate, before it gets traffic."
    )
    model_key: Path | None = Field(
        default=None,
        description="Public key (PEM, committed) that signs models.",
        json_schema_extra={"flag": False},
    )
    again: bool = Field(default=False, description="Start a model that was rejected before; needs a reason.")
    reason: str | None = Field(default=None, description="Why a person decided so; recorded.")
    to: str | None = Field(
        default=None, description="Roll back to this version, or to `previous`: the champion before this one."
    )
    dry_run: bool = Field(default=False, description="Print what a rollback would do, and do nothing.")

    if_lease_expired: bool = Field(
        default=False, description="Roll back only a canary that nobody steers any more: what a watchdog calls."
    )

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: list[int]) -> list[int]:
        if sorted(set(steps)) != steps:
            raise ValueError("the steps must rise")
        return steps
