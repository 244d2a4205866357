"""The kinds of value that settings are made of."""

import re
from math import inf
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = r"^\d+(\.\d+)?\s*(ms|s|m|h|d)$"
_PERCENT = r"^\d+(\.\d+)?\s*%$"


class Section(BaseModel):
    """A section of `mlops.yaml`; unknown keys are errors and nothing changes after loading."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False, defer_build=True
    )  # a step builds its own section only


def _seconds(raw: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever the file held
    if isinstance(raw, str) and (found := re.match(_DURATION, raw.strip())):
        return float(raw.strip().removesuffix(found[2])) * _UNITS[found[2]]
    if isinstance(raw, str) and not re.fullmatch(r"\d+(\.\d+)?", raw.strip()):
        raise ValueError("a duration is a number with a unit, such as 500ms, 10s, 30m or 2h")
    return raw


Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _DURATION}]}),
]
"""Seconds; written as `10s`, `30m`, `2h` or a plain number."""


def _names(raw: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever the file held
    return [name.strip() for name in raw.split(",") if name.strip()] if isinstance(raw, str) else raw


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_names),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]
"""Names; written as a list, or as one text with commas."""


def _margin(raw: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever the file held
    if isinstance(raw, str):
        if not re.match(_PERCENT, raw.strip()):
            raise ValueError("a margin is a number, or a percentage of the champion's value such as 3%")
        return Margin(float(raw.strip().removesuffix("%")) / 100, relative=True)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        if not 0 <= raw < inf:
            raise ValueError("a margin is a number of at least 0, or a percentage of the champion's value such as 3%")
        return Margin(float(raw), relative=False)
    return raw


class Margin(BaseModel):
    """A difference that matters: absolute, or relative to the champion's value."""

    model_config = ConfigDict(frozen=True)

    amount: float
    relative: bool

    def __init__(self, amount: float, *, relative: bool) -> None:
        super().__init__(amount=amount, relative=relative)

    def __str__(self) -> str:
        return f"{self.amount * 100:.4g} %" if self.relative else f"{self.amount:.4g}"


MarginField = Annotated[
    Margin,
    BeforeValidator(_margin),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _PERCENT}]}),
]
