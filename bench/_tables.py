"""The table that the benchmarks judge: twenty columns as a model's training data have them, and their contract."""

import json
from pathlib import Path
from typing import Any

import duckdb

FLOATS = [f"amount{at}" for at in range(8)]
INTEGERS = [f"count{at}" for at in range(4)]
CATEGORIES = {"carrier": 16, "origin": 3, "segment": 8, "country": 40}
COLUMNS = ["id", *FLOATS, *INTEGERS, *CATEGORIES, "code", "moment", "flag"]


def write(path: Path, rows: int, first: int = 0) -> None:
    """Write rows whose ids count from `first`; the same rows each time."""
    floats = [
        f"CASE WHEN hash(i, {at}) % 50 = 0 THEN NULL ELSE round(sin(i * {at + 1}) * 100 + hash(i, {at}) % 997, 2) END"
        for at in range(len(FLOATS))
    ]
    integers = [f"CAST(hash(i, {at + 20}) % {10 ** (at + 1)} AS BIGINT)" for at in range(len(INTEGERS))]
    texts = [f"'{name[:2].upper()}' || hash(i, {len(name)}) % {size}" for name, size in CATEGORIES.items()]
    code = "format('{:03d}-{:02d}', hash(i, 40) % 1000, hash(i, 41) % 100)"
    moment = "TIMESTAMP '2026-01-01' + to_seconds(CAST(hash(i, 42) % 31536000 AS BIGINT))"
    flag = "hash(i, 43) % 3 = 0"
    made = zip(COLUMNS, [f"i + {first}", *floats, *integers, *texts, code, moment, flag], strict=True)
    selected = ", ".join(f"{sql} AS {name}" for name, sql in made)
    with duckdb.connect() as connection:
        made_rows = f"SELECT {selected} FROM range({rows}) AS t (i)"  # noqa: S608 - written here
        connection.execute(f"COPY ({made_rows}) TO '{path}' (FORMAT parquet)")


def members(name: str) -> list[str]:
    """Return the values that a category has."""
    return [f"{name[:2].upper()}{at}" for at in range(CATEGORIES[name])]


def expectations() -> list[tuple[str, dict[str, Any]]]:
    """Return the 53 expectations, as usual ones as they come; all are kept."""
    found: list[tuple[str, dict[str, Any]]] = [
        ("expect_table_columns_to_match_set", {"column_set": COLUMNS}),
        ("expect_table_row_count_to_be_between", {"min_value": 1000}),
        ("expect_column_values_to_be_unique", {"column": "id"}),
        ("expect_column_values_to_match_regex", {"column": "code", "regex": r"^\d{3}-\d{2}$"}),
        ("expect_column_value_lengths_to_equal", {"column": "code", "value": 6}),
    ]
    found += [("expect_column_values_to_not_be_null", {"column": name}) for name in COLUMNS if name not in FLOATS]
    found += [("expect_column_values_to_not_be_null", {"column": name, "mostly": 0.9}) for name in FLOATS]
    between = "expect_column_values_to_be_between"
    found += [(between, {"column": name, "min_value": -100, "max_value": 1100}) for name in FLOATS]
    found += [(between, {"column": name, "min_value": 0, "max_value": 10_000}) for name in INTEGERS]
    found += [
        ("expect_column_values_to_be_in_set", {"column": name, "value_set": members(name)}) for name in CATEGORIES
    ]
    for kind, low, high in (("mean", 400, 600), ("stdev", 100, 500), ("median", 400, 600)):
        found += [
            (f"expect_column_{kind}_to_be_between", {"column": name, "min_value": low, "max_value": high})
            for name in FLOATS[:2]
        ]
    found += [
        ("expect_column_min_to_be_between", {"column": "count3", "min_value": 0}),
        ("expect_column_max_to_be_between", {"column": "count3", "max_value": 9_999}),
        ("expect_column_sum_to_be_between", {"column": "count0", "min_value": 1}),
        ("expect_column_unique_value_count_to_be_between", {"column": "carrier", "max_value": 16}),
        ("expect_column_distinct_values_to_be_in_set", {"column": "origin", "value_set": members("origin")}),
        ("expect_table_column_count_to_equal", {"value": len(COLUMNS)}),
    ]
    return found


def bare_query(files: str) -> str:
    """Return one query by hand that computes what the contract needs, and judges nothing."""
    parts = ["count(*)", "count(DISTINCT id)"]
    parts += [r"count(*) FILTER (WHERE NOT regexp_matches(code, '^\d{3}-\d{2}$'))"]
    parts += ["count(*) FILTER (WHERE length(code) <> 6)"]
    parts += [f"count({name})" for name in COLUMNS]
    parts += [f"count(*) FILTER (WHERE {name} < -100 OR {name} > 1100)" for name in FLOATS]
    parts += [f"count(*) FILTER (WHERE {name} < 0 OR {name} > 10000)" for name in INTEGERS]
    for name in CATEGORIES:
        listed = ", ".join(f"'{one}'" for one in members(name))
        parts.append(f"count(*) FILTER (WHERE {name} NOT IN ({listed}))")
    for name in FLOATS[:2]:
        parts += [f"avg({name})", f"stddev_samp({name})", f"median({name})"]
    parts += ["min(count3)", "max(count3)", "sum(count0)", "count(DISTINCT carrier)", "count(DISTINCT origin)"]
    return f"SELECT {', '.join(parts)} FROM read_parquet('{files}')"  # noqa: S608 - written here


def contract(path: Path) -> None:
    """Write the contract as Great Expectations writes it."""
    listed = [{"type": type_, "kwargs": kwargs, "meta": {}, "severity": "critical"} for type_, kwargs in expectations()]
    path.write_text(json.dumps({"name": "bench", "expectations": listed, "meta": {}}, indent=1))
