"""One million rows × 20 columns by 53 expectations, whole processes, beside the peers and a bare scan, in one run."""

import json
import statistics
import sys
import tempfile
from pathlib import Path

import _tables
from _peers import python
from _processes import Run, run

ROWS, ROUNDS = 1_000_000, 5
OURS, PROFILED, BARE, GX, PANDERA = (
    "mlops-ci",
    "mlops-ci with profile",
    "bare DuckDB scan",
    "Great Expectations",
    "pandera",
)
# what → (whose time or memory, beside whose, at most or at least, limit)
LIMITS = (
    ("times as fast as Great Expectations, at least", GX, OURS, "seconds", 8.0, True),
    ("times as fast as pandera on Polars, more than", PANDERA, OURS, "seconds", 1.0, True),
    ("times the bare scan's time, at most", OURS, BARE, "seconds", 1.5, False),
    ("times the bare scan's memory, at most", OURS, BARE, "megabytes", 1.3, False),
    ("contract and profile, times the contract alone, at most", PROFILED, OURS, "seconds", 1.5, False),
)
MLOPS_CI = [sys.executable, "-m", "mlops_ci"]
VALIDATE = [*MLOPS_CI, "validate-data", "--data", "data.parquet", "--contract", "contract.json"]
SCAN = "import duckdb; from pathlib import Path; print(len(duckdb.execute(Path('bare.sql').read_text()).fetchone()))"

GREAT_EXPECTATIONS = """
import json, logging, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import great_expectations as gx, pandas
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
context = gx.get_context(mode="ephemeral")
asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
batch = asset.add_batch_definition_whole_dataframe("b")
suite = gx.ExpectationSuite(name="s")
for one in json.load(open("contract.json"))["expectations"]:
    suite.add_expectation_configuration(ExpectationConfiguration(type=one["type"], kwargs=one["kwargs"]))
result = batch.get_batch({"dataframe": pandas.read_parquet("data.parquet")}).validate(suite, result_format="SUMMARY")
print(len(result.results), result.success)
"""

PANDERA_POLARS = """
import json, sys
sys.path.insert(0, sys.argv[1])
import pandera.polars as pa, polars as pl
import _tables

table = pl.read_parquet("data.parquet")
checks, whole = {name: [] for name in _tables.COLUMNS}, []
nullable, unique, judged = {}, set(), 0
for type_, kwargs in _tables.expectations():
    name = kwargs.get("column")
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    judged += 1
    if type_ == "expect_column_values_to_be_between":
        checks[name].append(pa.Check.in_range(low, high))
    elif type_ == "expect_column_values_to_be_in_set":
        checks[name].append(pa.Check.isin(kwargs["value_set"]))
    elif type_ == "expect_column_values_to_match_regex":
        checks[name].append(pa.Check.str_matches(kwargs["regex"]))
    elif type_ == "expect_column_value_lengths_to_equal":
        checks[name].append(pa.Check.str_length(kwargs["value"], kwargs["value"]))
    elif type_ == "expect_column_values_to_be_unique":
        unique.add(name)
    elif type_ == "expect_column_values_to_not_be_null":
        nullable[name] = kwargs.get("mostly", 1) < 1
        if nullable[name]:
            whole.append((pl.col(name).is_not_null().mean(), kwargs["mostly"], None))
    elif type_ == "expect_column_distinct_values_to_be_in_set":
        whole.append((pl.col(name).unique().is_in(kwargs["value_set"]).all(), True, None))
    elif type_ == "expect_table_columns_to_match_set":
        strict = True
    elif type_ == "expect_table_column_count_to_equal":
        assert table.width == kwargs["value"]
    elif type_ == "expect_table_row_count_to_be_between":
        whole.append((pl.len(), low, high))
    else:
        measured = {"mean": pl.Expr.mean, "stdev": pl.Expr.std, "median": pl.Expr.median, "min": pl.Expr.min,
                    "max": pl.Expr.max, "sum": pl.Expr.sum, "unique": pl.Expr.n_unique}
        word = type_.removeprefix("expect_column_").split("_")[0]
        whole.append((measured[word](pl.col(name)), low, high))
columns = {
    name: pa.Column(dtype=table.schema[name], checks=checks[name], nullable=nullable.get(name, True),
                    unique=name in unique)
    for name in _tables.COLUMNS
}
pa.DataFrameSchema(columns, strict=strict).validate(table, lazy=True)
values = table.select([expression.alias(str(at)) for at, (expression, _, _) in enumerate(whole)]).row(0)
kept = [(low is None or one >= low) and (high is None or one <= high) for one, (_, low, high) in zip(values, whole)]
print(judged, all(kept))
"""


def main() -> bool:
    """Print the medians; return whether every limit holds and everyone judged everything, with the same answer."""
    here = str(Path(__file__).resolve().parent)
    commands = {
        OURS: [*VALIDATE, "--format", "json"],
        PROFILED: [*VALIDATE, "--profile", "profile.json", "--format", "json"],
        BARE: [sys.executable, "-c", SCAN],
        GX: [python(), "-c", GREAT_EXPECTATIONS],
        PANDERA: [python(), "-c", PANDERA_POLARS, here],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _tables.write(folder / "data.parquet", ROWS)
        _tables.write(folder / "small.parquet", 1_000)
        _tables.contract(folder / "contract.json")
        (folder / "bare.sql").write_text(_tables.bare_query("data.parquet"))
        run([*MLOPS_CI, "profile", "--data", "data.parquet", "--out", "profile.json"], folder)
        ran: dict[str, list[Run]] = {who: [] for who in commands}
        for _ in range(ROUNDS):
            for who, argv in commands.items():
                ran[who].append(run(argv, folder))
        small = [run([*MLOPS_CI, "validate-data", "--data", "small.parquet", "--contract", "contract.json"], folder)
                 for _ in range(ROUNDS)]  # fmt: skip
    if failed := [who for who, runs in ran.items() if any(one.code for one in runs)]:
        print(f"MISSED: {', '.join(failed)} ended with an error: {ran[failed[0]][0].said[-500:]}")
        return False
    print(f"{ROWS:,} rows × 20 columns, 53 expectations, median of {ROUNDS} whole processes in turn")
    for who, runs in ran.items():
        print(f"{who:<24}{median(runs, 'seconds'):8.2f} s {median(runs, 'megabytes'):8.0f} MB")
    return all([same(ran), *limits(ran), quick(small)])


def median(runs: list[Run], what: str) -> float:
    """Return the median of seconds or megabytes."""
    return statistics.median(getattr(one, what) for one in runs)


def same(ran: dict[str, list[Run]]) -> bool:
    """Say whether all judged 53 expectations and found them kept."""
    said = {who: runs[0].said.strip().splitlines()[-1] for who, runs in ran.items() if who in (GX, PANDERA)}
    ours = [json.loads(ran[who][0].said) for who in (OURS, PROFILED)]
    engines = {one["method"] for one in ours[0]["measurements"]}
    kept = all(one["verdict"] == "pass" for one in ours) and len(ours[0]["measurements"]) == 53  # noqa: PLR2004
    right = kept and set(said.values()) == {"53 True"}
    print(f"all 53 kept, says everyone ({', '.join(sorted(engines))}): {'holds' if right else f'MISSED: {said}'}")
    return right


def limits(ran: dict[str, list[Run]]) -> list[bool]:
    """Print each ratio, taken round by round, with its limit; return which hold."""
    held = []
    for what, one, other, unit, limit, least in LIMITS:
        pairs = zip(ran[one], ran[other], strict=True)
        ratio = statistics.median(getattr(a, unit) / getattr(b, unit) for a, b in pairs)
        good = ratio > limit if least else ratio <= limit
        held.append(good)
        print(f"{ratio:6.2f} {what} {limit:g}: {'holds' if good else 'MISSED'}")
    return held


def quick(small: list[Run]) -> bool:
    """Say whether a file of a thousand rows is judged in under a second."""
    seconds = median(small, "seconds")
    good = seconds < 1 and all(one.code == 0 for one in small)
    print(f"{seconds:6.2f} s for 1,000 rows, under 1 s: {'holds' if good else 'MISSED'}")
    return good
