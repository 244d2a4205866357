"""What the data of a foreign repository say: the kind of problem, the contract, the profile and a golden set."""

import difflib
import io
import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_ci.contracts import infer, profile, profiling
from mlops_ci.contracts.sources import Source, open_source
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.journeys.adopt_facts import Facts, Problem, Wish
from mlops_ci.models.golden import label_text
from mlops_ci.ports import Progress
from mlops_ci.tools.duckdb import Table

GOLDEN = "golden/golden.parquet"
ROWS = 2_000  # of a golden set that is sampled here, and no more than a fifth of the data
SHARE = 5
CLASSES = 20  # a whole number with more distinct values is a quantity
TWO = 2
_YES = ("1", "true", "yes", "y", "positive")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was learned."""

    problem: Problem
    label: str
    columns: tuple[str, ...]
    id: str  # a column of the golden set
    query: str | None
    positive: str | None
    golden: str
    golden_rows: bytes
    golden_count: int
    is_sampled: bool
    contract: str
    profile: str

    @property
    def has_id(self) -> bool:
        """Say whether the data themselves name their rows."""
        return self.id in self.columns

    @property
    def by_hand(self) -> tuple[str, ...]:
        """Return what a person must do about the golden set."""
        if not self.is_sampled:
            return ()
        how = (
            f'rows = rows[~rows["{self.id}"].isin(pandas.read_parquet("{self.golden}")["{self.id}"])]'
            if self.has_id
            else f'rows = rows.merge(pandas.read_parquet("{self.golden}").drop(columns="{self.id}"), how="left", '
            'indicator="seen").query("seen == \'left_only\'").drop(columns="seen")'
        )
        said = (
            f"The {self.golden_count:,} rows of {self.golden} stand in your data, too. A model that trains on them is "
            f"judged on its memory: leave them out in your training code, and train again:\n  {how}"
        )
        return (said,)


def learn(wish: Wish, facts: Facts, progress: Progress) -> Seen:
    """Read the data once, and return what follows from them.

    Raises:
        UsageProblem: they have no such column, or nothing says what kind of problem it is.
        NothingToJudge: they cannot be read, or are too few.
    """
    with open_source(Source(wish.data), facts.root) as opened:
        table = opened.table
        names = [column.name for column in table.columns]
        for one in (wish.label, wish.query):
            if one is not None:
                _demand(one, names, wish.data)
        rows = table.to_arrow()
        contract = _contract(table, facts.name)
        made = profile.write(profiling.profile(table, frozenset(), progress))
    labels = rows.column(wish.label).to_pylist()
    problem = wish.problem or _problem(labels, wish.query)
    if problem == "ranking" and wish.query is None:
        raise UsageProblem("A ranking needs to know which rows are ranked together: --query COLUMN.")
    key = _key(rows, wish.label)
    golden = _given(wish, facts.root) if wish.golden else _sampled(rows, wish, problem, key)
    at = wish.golden or GOLDEN
    return Seen(
        problem,
        wish.label,
        tuple(names),
        _key(golden, wish.label) or "id",
        wish.query,
        _positive(labels) if problem == "binary" else None,
        at,
        (facts.root / at).read_bytes() if wish.golden else _parquet(golden),
        golden.num_rows,
        wish.golden is None,
        contract,
        made,
    )


def _demand(column: str, names: list[str], data: str) -> None:
    if column not in names:
        near = difflib.get_close_matches(column, names, n=3) or names[:10]
        raise UsageProblem(f"{data} has no column {column!r}. Did you mean {', '.join(near)}?")


def _contract(table: Table, name: str) -> str:
    proposed = infer.infer(table, name)
    return json.dumps(proposed, indent=2, ensure_ascii=False) + "\n"


def _problem(labels: list[Any], query: str | None) -> Problem:
    """Return the kind of problem that such labels are for."""
    present = [one for one in labels if one is not None]
    different = {label_text(one) for one in present}
    if query is not None:
        return "ranking"
    if len(different) < TWO:
        raise NothingToJudge("All labels are the same or missing, so nothing can be told apart. Correct --label.")
    if len(different) == TWO:
        return "binary"
    if all(isinstance(one, str) for one in present):
        return "multiclass"
    is_whole = all(isinstance(one, int) for one in present)
    return "multiclass" if is_whole and len(different) <= CLASSES else "regression"


def _positive(labels: list[Any]) -> str:
    """Return which of two labels is the positive one: what says yes, otherwise the rarer."""
    counts = Counter(label_text(one) for one in labels if one is not None)
    said = [one for one in counts if one.lower() in _YES]
    return said[0] if len(said) == 1 else min(counts, key=lambda one: (counts[one], one))


def _key(rows: Any, label: str) -> str | None:  # noqa: ANN401 - untyped library
    """Return the column that names a row: called id, and different in each."""
    called = [one for one in rows.column_names if one != label and (one.lower() == "id" or one.lower().endswith("_id"))]
    for name in sorted(called, key=lambda one: (one.lower() != "id", one)):
        column = rows.column(name)
        if column.null_count == 0 and len(column.unique()) == rows.num_rows:
            return str(name)
    return None


def _sampled(rows: Any, wish: Wish, problem: Problem, key: str | None) -> Any:  # noqa: ANN401 - untyped library
    """Return complete rows by a fixed seed: as many of each class as the data have in proportion, or whole queries."""
    import pyarrow as pa

    whole = rows.append_column("__at__", pa.array(range(rows.num_rows))).drop_null()
    places = _chosen(whole, wish, problem, min(ROWS, rows.num_rows // SHARE))
    if not places:
        raise NothingToJudge("The data have no complete rows to judge a model by. Give a golden set: --golden FILE")
    taken = rows.take(pa.array(sorted(places)))
    if key is not None:
        return taken
    if "id" in rows.column_names:
        raise UsageProblem(
            "The column id does not name each row once. Give a golden set with one that does: --golden FILE"
        )
    return taken.add_column(0, "id", pa.array([f"row-{at}" for at in sorted(places)]))


def _chosen(whole: Any, wish: Wish, problem: Problem, most: int) -> list[int]:  # noqa: ANN401 - untyped library
    places, chance = whole.column("__at__").to_pylist(), random.Random(0)  # noqa: S311 - a sample, no secret
    by = wish.query if problem == "ranking" else wish.label if problem != "regression" else None
    if by is None:
        return chance.sample(places, min(most, len(places)))
    groups: dict[str, list[int]] = {}
    for at, value in zip(places, whole.column(by).to_pylist(), strict=True):
        groups.setdefault(str(value), []).append(at)
    if problem == "ranking":
        names = sorted(groups)
        chance.shuffle(names)
        found: list[int] = []
        for name in names:
            found += groups[name] if len(found) + len(groups[name]) <= most else []
        return found
    share = min(1.0, most / max(1, len(places)))
    return [one for name in sorted(groups) for one in chance.sample(groups[name], round(len(groups[name]) * share))]


def _given(wish: Wish, root: Path) -> Any:  # noqa: ANN401 - untyped library
    golden = str(wish.golden)
    with open_source(Source(golden), root) as opened:
        rows = opened.table.to_arrow()
    for one in (wish.label, wish.query):
        if one is not None:
            _demand(one, rows.column_names, golden)
    if _key(rows, wish.label) is None:
        raise UsageProblem(f"{golden} needs a column id, or one that ends in _id, with another value in each row.")
    return rows


def _parquet(rows: Any) -> bytes:  # noqa: ANN401 - untyped library
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(rows, sink)
    return sink.getvalue()
