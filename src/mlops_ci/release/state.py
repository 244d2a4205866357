"""What is released in one environment: the champion, a challenger on its way, and what was rejected."""

import io
from dataclasses import asdict, dataclass, replace
from typing import Any

from mlops_ci.errors import UsageProblem

SCHEMA = "mlops-ci.release/v1"
_KEYS = {"schema", "environment", "model", "champion", "challenger", "rejected"}


@dataclass(frozen=True, slots=True)
class Release:
    """A model version that can be started again anywhere: its digest, and the commit of its code."""

    version: str
    model_digest: str
    commit: str
    evidence: str  # path of the gate's statement on the state branch
    since: str  # RFC 3339, UTC
    override: str = ""  # who released it without evidence, and why
    image: str = ""  # its container image, by digest, where it has one

    @property
    def name(self) -> str:
        """Return a short name, unique among releases, fit for files and proxies."""
        return f"v{self.version}-{self.model_digest.removeprefix('sha256:')[:12]}"


@dataclass(frozen=True, slots=True)
class Challenger:
    """A release that gets a part of the traffic."""

    release: Release
    weight: int  # percent
    step: int  # 1-based
    against: tuple[tuple[str, float], ...] = ()  # guardrail, e-value against it when the step began


@dataclass(frozen=True, slots=True)
class State:
    """The release file of one model in one environment."""

    environment: str
    model: str
    champion: Release | None = None
    challenger: Challenger | None = None
    rejected: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Return where the file stands on the state branch."""
        return f"deploy/{self.environment}/{self.model}.yaml"

    def without_challenger(self, *, reject: bool) -> "State":
        """Return the state with all traffic on the champion; with `reject`, the challenger is remembered."""
        if self.challenger is None:
            return self
        digest = self.challenger.release.model_digest
        more = (digest,) if reject and digest not in self.rejected else ()
        return replace(self, challenger=None, rejected=self.rejected + more)

    def to_yaml(self) -> str:
        """Return the release file."""
        from ruamel.yaml import YAML

        document: dict[str, Any] = {"schema": SCHEMA, "environment": self.environment, "model": self.model}
        if self.champion:
            document["champion"] = _plain(self.champion)
        if self.challenger:
            place: dict[str, Any] = {"weight": self.challenger.weight, "step": self.challenger.step}
            if self.challenger.against:
                place["against"] = dict(self.challenger.against)
            document["challenger"] = _plain(self.challenger.release) | place
        document["rejected"] = list(self.rejected)
        stream = io.StringIO()
        writer = YAML()
        writer.width = 200
        writer.dump(document, stream)
        return stream.getvalue()


def parse(text: str, environment: str, model: str) -> State:
    """Return the state that a release file describes.

    Raises:
        UsageProblem: the file is not a release file of this environment and model.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    place = State(environment, model).path
    try:
        raw = YAML(typ="safe").load(text)
        if (raw["schema"], raw["environment"], raw["model"]) != (SCHEMA, environment, model):
            raise UsageProblem(f"{place} on the state branch is about something else. Restore it from its history.")
        _refuse_unknown(raw)
        challenger = raw.get("challenger")
        return State(
            environment,
            model,
            _release(raw["champion"]) if raw.get("champion") else None,
            _challenger(dict(challenger)) if challenger else None,
            tuple(str(digest) for digest in raw.get("rejected", [])),
        )
    except (YAMLError, KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UsageProblem(
            f"{place} on the state branch is not a release file ({problem}). Restore it from its history."
        ) from problem


def _refuse_unknown(raw: dict[str, Any]) -> None:
    """Refuse keys of a newer schema: writing the file again would lose them."""
    if unknown := set(raw) - _KEYS:
        raise ValueError(f"nobody knows {', '.join(map(str, unknown))}")


def _challenger(raw: dict[str, Any]) -> Challenger:
    weight, step = int(raw.pop("weight")), int(raw.pop("step"))
    if not (0 < weight < 100 and step > 0):  # noqa: PLR2004 - percent
        raise ValueError(f"there is no step {step} at {weight} %")
    against = tuple((str(name), float(value)) for name, value in dict(raw.pop("against", {})).items())
    if not all(0 <= value < float("inf") for _, value in against):
        raise ValueError("evidence is at least 0")
    return Challenger(_release(raw), weight, step, against)


def _plain(release: Release) -> dict[str, str]:
    """Return a release as it stands in the file: an override and an image only where there is one."""
    return {key: value for key, value in asdict(release).items() if value or key not in {"override", "image"}}


def _release(raw: dict[str, Any]) -> Release:
    if strange := [key for key, value in raw.items() if not isinstance(value, str)]:
        raise ValueError(f"{', '.join(strange)} should be text")
    return Release(**raw)
