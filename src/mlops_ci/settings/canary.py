"""Section `canary`: how traffic moves to a challenger, and what moves it back."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from mlops_ci.settings.fields import Duration, Section

ENVIRONMENT = r"^[a-z0-9][a-z0-9-]{0,39}$"
Percent = Annotated[int, Field(ge=1, le=99)]
Demand = Literal["scan", "sbom", "signature"]
ALL: tuple[Demand, ...] = ("scan", "sbom", "signature")


class DockerSettings(Section):
    """How a version runs as a container."""

    memory_mb: int = Field(default=1024, ge=16, description="Memory in MiB; a container that wants more is killed.")
    cpus: float = Field(default=1.0, gt=0, description="Processor time, in cores.")
    model_path: Path = Field(
        default=Path("models/current"), description="Where the Dockerfile expects the model, in its build context."
    )
    build_network: str = Field(default="default", description="Docker network in which an image is built.")


class StickySettings(Section):
    """By what a user is known, so that each stays with one version: a header or a cookie, not both."""

    header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]+$", description="Header that names the user.")
    cookie: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", description="Cookie that names the user."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.header is None) == (self.cookie is None):
            raise ValueError("name either a header or a cookie")
        return self


Query = Annotated[str, Field(description="PromQL of counters; `$release` stands for a version's name.")]


class PrometheusSettings(Section):
    """Where a Prometheus server stands, and what counts requests in it; `$release` stands for a version's name."""

    url: str = Field(pattern=r"^https?://", description="Its address.")
    requests: Query
    errors: Query
    latency_bucket: Query | None = None
    predictions: Query | None = None
    predictions_by: str = Field(default="le", description="Label whose values are the bins of predictions.")

    @field_validator("requests", "errors", "latency_bucket", "predictions")
    @classmethod
    def _counters(cls, query: str | None) -> str | None:
        if query and re.search(r"\b(rate|irate|increase|delta|avg|histogram_quantile)\s*\(", query):
            raise ValueError("ask for the counters themselves, not for rates: they are compared as integers")
        return query


class AnswerSettings(Section):
    """What is read off the versions' request logs, and off a file that says what became of the requests."""

    predictions: bool = Field(default=True, description="Count predictions by bins, and answers that cannot be read.")
    key: str = Field(default="prediction", description="Entry of a service's output that is the prediction.")
    within: float | None = Field(
        default=None,
        ge=1,
        description="How many times the champion's a bin's share may be, as 1.25; by default shifts are not judged.",
    )
    outcomes: Path | None = Field(default=None, description="File of labels and events, joined by request id.")
    wrong_beyond: float | None = Field(
        default=None, ge=0, description="Difference from its label from which on a number is wrong; any by default."
    )
    events: list[str] = Field(default_factory=list, description="Events in that file that are bad, as `complaint`.")
    event_wait: Duration = Field(default=60.0, gt=0, description="Time after an answer in which an event counts.")
    segments: list[Annotated[str, Field(pattern=r"^[^=]+=.*$")]] = Field(
        default_factory=list, description="Inputs whose errors are judged by themselves, as `carrier=UA`."
    )


class CanarySettings(Section):
    """What `canary` and `rollback` steer, and the limits they judge by."""

    serve: list[str] = Field(min_length=1, description="Command that serves the model named by MODEL_PATH on PORT.")
    engine: Literal["process", "docker"] = Field(
        default="process",
        description="What runs a version: processes of this machine, or containers of its Docker engine.",
        json_schema_extra={"flag": False},
    )
    docker: DockerSettings = Field(
        default_factory=DockerSettings, description="How a version runs as a container, where `engine` is `docker`."
    )
    sticky: StickySettings | None = Field(
        default=None, description="By which header or cookie a user is known, where each stays with one version."
    )
    counts: Literal["proxy", "requests"] = Field(
        default="proxy",
        description="Where requests are counted: by the proxy, or in the versions' request logs.",
        json_schema_extra={"flag": False},
    )
    prometheus: PrometheusSettings | None = Field(
        default=None, description="A Prometheus server that counts requests instead of the proxy."
    )
    answers: AnswerSettings = Field(
        default_factory=AnswerSettings, description="What is read off the versions' request logs."
    )
    shadow: Duration = Field(
        default=0.0, ge=0, description="Time in which a challenger gets copies of requests before it gets any."
    )
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
    demands: list[Demand] | None = Field(
        default=None,
        description="What must be proven of a release, beside its gate, before it gets traffic: scan, sbom, signature. "
        "By default all three in `production`, and nothing in any other environment.",
    )
    model_key: Path | None = Field(
        default=None,
        description="Public key (PEM, committed) that signs models; without one, this machine's own.",
        json_schema_extra={"flag": False},
    )
    model_identity: str | None = Field(
        default=None,
        min_length=1,
        description="Who must have signed the model by Sigstore, too, where a signature is demanded: of a workflow "
        "on GitHub, https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/heads/main.",
        json_schema_extra={"flag": False},
    )
    identity_provider: str = Field(
        default="https://token.actions.githubusercontent.com",
        pattern="^https?://",
        description="Who vouches for `model_identity`.",
        json_schema_extra={"flag": False},
    )
    sigstore: Path | None = Field(
        default=None,
        description="Client trust configuration (JSON, committed) of another Sigstore than the public one.",
        json_schema_extra={"flag": False},
    )
    approval: bool = Field(
        default=False,
        description="Release only where the environment of this name on GitHub has reviewers.",
        json_schema_extra={"flag": False},
    )
    rehearse: bool = Field(
        default=False, description="Send the golden set's rows as requests, for there are no users: a rehearsal."
    )
    rehearsal_rate: float = Field(
        default=100.0,
        gt=0,
        le=10_000,
        description="Requests a second of a rehearsal.",
        json_schema_extra={"flag": False},
    )
    rehearsal_path: str = Field(
        default="/predict",
        pattern="^/",
        description="Where a rehearsal's requests go.",
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
    unless_promoted: bool = Field(
        default=False, description="End only a canary of the commit that is checked out: what a release ends with."
    )

    @property
    def demanded(self) -> tuple[Demand, ...]:
        """Return what must be proven of a release in this environment."""
        if self.demands is None:
            return ALL if self.environment == "production" else ()
        return tuple(self.demands)

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: list[int]) -> list[int]:
        if sorted(set(steps)) != steps:
            raise ValueError("the steps must rise")
        return steps
