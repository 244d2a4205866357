"""Section `scan`: what is looked at, by what, and what blocks."""

from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, JsonValue, field_validator

from mlops_ci.settings.fields import Duration, Names, Section

Group = Literal["code", "dependencies", "secrets", "image", "iac", "workflows", "models", "data"]
Format = Literal["pickle", "torch", "numpy-objects", "keras-lambda", "onnx-custom-ops", "python"]
Severity = Literal["critical", "high", "medium", "low", "info"]

GROUPS: tuple[Group, ...] = get_args(Group)
_NO_FLAG: dict[str, JsonValue] = {"flag": False}


class ScanSettings(Section):
    """What `scan` judges, and by which policy."""

    only: Names = Field(default=(), description=f"Groups to scan, all by default: {', '.join(GROUPS)}.")
    image: str | None = Field(
        default=None, description="Container image: an archive (docker save), or a reference that Docker has."
    )
    models: list[str] = Field(default=["models/current"], description="Model files or folders, beside those in git.")
    data: list[str] = Field(
        default=["data/**/*.csv", "data/**/*.tsv", "data/**/*.jsonl"], description="Data files, beside those in git."
    )
    exclude: list[str] = Field(
        default_factory=list, description="Paths that are not looked at, as patterns; counted in the report."
    )
    base: str | None = Field(
        default=None, description="Revision whose policy judges, too, and whose problems are not new."
    )
    only_new: bool = Field(default=True, description="With a base, what it has already does not block.")
    fail_on: Severity = Field(default="high", description="What is at least so severe blocks.")
    unfixed: Literal["report", "block"] = Field(
        default="report", description="What happens to system packages whose vulnerability no version fixes yet."
    )
    formats: list[Format] = Field(
        default_factory=list, description="Model formats that are allowed although they can run code when loaded."
    )
    denied_licences: list[str] = Field(
        default=["AGPL", "SSPL", "BUSL", "CC-BY-NC"],
        description="Licences that no dependency may have, by how their names begin.",
    )
    severities: dict[str, Severity] = Field(
        default_factory=dict, description="Severities of rules, instead of what their scanners say."
    )
    off: Names = Field(
        default=(), description="Scanners that do not run; the report says so.", json_schema_extra=_NO_FLAG
    )
    waivers: Path = Field(
        default=Path("security/waivers.yaml"),
        description="What is accepted for a time, by whom and why.",
        json_schema_extra=_NO_FLAG,
    )
    tools: Path | None = Field(
        default=None, description="Folder of scanners and databases; ~/.cache/mlops-ci by default."
    )
    install: bool = Field(default=False, description="Install the pinned scanners that are needed and not here.")
    database_max_age: Duration = Field(
        default=172800.0,
        gt=0,
        description="An older vulnerability database decides nothing.",
        json_schema_extra=_NO_FLAG,
    )
    database_min_mb: float = Field(
        default=100.0,
        ge=0,
        description="A smaller vulnerability database, in megabytes, decides nothing.",
        json_schema_extra=_NO_FLAG,
    )
    osv_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Where pip-audit asks, by OSV's protocol, instead of the package index: "
        "https://api.osv.dev/v1/query, or a mirror of it.",
        json_schema_extra=_NO_FLAG,
    )
    offline: bool = Field(default=False, description="Ask nobody on the network: no new database, no pip-audit.")
    time_limit: Duration = Field(default=600.0, gt=0, description="Time each scanner has.")
    cache: bool = Field(default=True, description="Take what a scanner said of the same content before.")

    @field_validator("only")
    @classmethod
    def _known(cls, only: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [one for one in only if one not in GROUPS]:
            raise ValueError(f"there is no group {unknown[0]!r}; groups are {', '.join(GROUPS)}")
        return only

    @field_validator("off")
    @classmethod
    def _lower(cls, off: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one.lower() for one in off)
