"""A profile: what a trusted data set looked like, column by column, in one small file without its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Literal

from mlops_ci.errors import NothingToJudge
from mlops_ci.tools.duckdb import Column

SCHEMA: Literal["mlops-ci.profile/v1"] = "mlops-ci.profile/v1"

Kind = Literal["number", "time", "text", "boolean", "other"]
Value = bool | int | float | str

_KINDS: dict[str, Kind] = {"integer": "number", "float": "number", "time": "time", "text": "text", "boolean": "boolean"}
_WIDE = ("DECIMAL", "HUGEINT", "UHUGEINT", "UBIGINT")  # numbers that no double holds exactly, compared as doubles
_COVERED = 0.5  # share of the values that the listed categories must hold, for a column to be compared by them


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, and sum of squared differences from it, of what is finite; they merge exactly."""

    n: int
    mean: float
    m2: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Bins:
    """How many values lie where: cell i holds those above edge i − 1 and up to edge i; the last one all above.

    `medians` is a typical value of each cell. `rank_error` is the largest error of a count, as a share of all: 0 for
    counts that were counted, more for those that a merge had to estimate.
    """

    edges: tuple[int | float, ...]
    counts: tuple[int, ...]
    medians: tuple[float, ...]
    rank_error: float = 0.0


@dataclass(frozen=True, slots=True)
class Categories:
    """The most frequent values with their counts, and how many values are none of them.

    A count may be too low by at most `error`, which is 0 unless truncated lists were merged.
    """

    values: tuple[tuple[Value, int], ...]
    other: int = 0
    error: int = 0


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column: of text, `moments`, `sketch` and `bins` describe the lengths in bytes.

    Times are in microseconds since 1970. Of a sensitive column only `missing` and `count` are known.
    """

    name: str
    kind: Kind
    missing: int
    count: int  # values that are not missing; NaN is missing
    sensitive: bool = False
    moments: Moments | None = None
    sketch: tuple[str, ...] = ()  # levels of a quantile sketch: little-endian doubles in base64
    sketch_error: int = 0  # largest error of a rank in it, in values
    bins: Bins | None = None
    categories: Categories | None = None
    distinct: int | None = None  # approximate for text of many values
    infinite: tuple[int, int] = (0, 0)  # how many are -inf and +inf; neither moments nor sketch hold them
    distinct_sketch: str | None = None  # HyperLogLog of Apache DataSketches in base64; text only

    @property
    def compared_by(self) -> Literal["categories", "bins"] | None:
        """Return how another data set is compared with it; None when only by what is missing.

        Times are not: they go on, and nobody wants to hear that.
        """
        listed = self.categories
        if self.kind in {"time", "other"} or self.sensitive or not self.count:
            return None
        if listed and listed.values and not listed.error and listed.other <= self.count * (1 - _COVERED):
            return "categories"
        return "bins" if self.bins else None


@dataclass(frozen=True, slots=True)
class Profile:
    """All columns of a data set, in its order."""

    schema: Literal["mlops-ci.profile/v1"]
    rows: int
    columns: tuple[ColumnProfile, ...]


def kind_of(column: Column) -> Kind:
    """Return what a column's values are compared as."""
    if column.type.startswith(_WIDE) and not column.type.endswith("]"):
        return "number"
    return _KINDS.get(column.kind, "other")


def read(path: Path, shown: str) -> Profile:
    """Read a profile; `shown` is how people know the file.

    Raises:
        NothingToJudge: it does not exist, is no profile, or has no columns.
    """
    from pydantic import TypeAdapter, ValidationError

    remedy = "Write it with: mlops-ci profile --data PATH --out FILE"
    try:
        profile = TypeAdapter(Profile).validate_json(path.read_bytes())
    except OSError as problem:
        raise NothingToJudge(f"{shown} cannot be read: {problem.strerror}. {remedy}") from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise NothingToJudge(f"{shown} is not a profile: {place}: {first['msg']}. {remedy}") from problem
    if not profile.columns:
        raise NothingToJudge(f"{shown} is not a profile: it has no column to compare with. {remedy}")
    for column in profile.columns:
        if wrong := _wrong(column, profile.rows):
            raise NothingToJudge(f"{shown} is not a profile: column {column.name!r}: {wrong}. {remedy}")
    return profile


def write(profile: Profile) -> str:
    """Return the text of a profile's file, one line for each column, so that a review shows which one changed."""
    from pydantic_core import to_json

    columns = ",\n".join(to_json(column).decode() for column in profile.columns)
    return f'{{"schema": "{profile.schema}", "rows": {profile.rows}, "columns": [\n{columns}\n]}}\n'


def _wrong(column: ColumnProfile, rows: int) -> str | None:
    """Return what in a column contradicts itself, so that no judgement rests on an edited file."""
    if min(column.count, column.missing) < 0 or column.count + column.missing != rows:
        return "missing and other values are not all rows"
    if column.moments and (min(column.infinite) < 0 or column.moments.n + sum(column.infinite) != column.count):
        return "its finite values and its infinities are not all values"
    if column.bins and not _adds_up(column.bins, column.count):
        return "its bins do not hold its values"
    listed = column.categories
    if listed and (
        min([listed.other, *(count for _, count in listed.values)]) < 0
        or listed.other + sum(count for _, count in listed.values) != column.count
        or len({(type(value), value) for value, _ in listed.values}) < len(listed.values)
    ):
        return "its categories do not hold its values"
    return None


def _adds_up(bins: Bins, count: int) -> bool:
    sizes = len(bins.counts) == len(bins.medians) == len(bins.edges) + 1
    rising = _rising(bins.edges) and all(low <= high for low, high in pairwise(bins.medians))
    return sizes and rising and sum(bins.counts) == count and min(bins.counts) >= 0


def _rising(edges: Sequence[float]) -> bool:
    return all(map(isfinite, edges)) and all(low < high for low, high in pairwise(edges))
