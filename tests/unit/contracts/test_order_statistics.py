import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_ci.contracts.order_statistics import QUANTILES, interpolated, positions, ranked
from mlops_ci.contracts.scan import Ranks
from mlops_ci.tools.duckdb import Sql, open_table

CHANCE = random.Random(5)  # noqa: S311 - test data
TABLES: dict[str, list[float]] = {
    "different": [CHANCE.gauss(0, 1) for _ in range(5000)],
    "ties": [CHANCE.choice([1, 2, 2, 2, 3]) for _ in range(5000)],
    "one value": [7] * 500,
    "heavy tail": [10 ** CHANCE.uniform(0, 200) for _ in range(3000)],
    "few": [3, 1, 2],
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("at_once", [0, 10_000])
def test_each_position_holds_what_sorting_says(tmp_path: Path, name: str, at_once: int) -> None:
    values = TABLES[name]
    parquet.write_table(pa.table({"x": [*values, None]}), tmp_path / "x.parquet")
    wanted = sorted({0, 1, len(values) // 4, len(values) // 2, len(values) - 2, len(values) - 1})
    with open_table([tmp_path / "x.parquet"]) as table:
        (found,) = ranked(table, [Ranks(Sql('"x"'), tuple(wanted), len(values))], at_once=at_once)
    assert found == {at: sorted(values)[at] for at in wanted}


@pytest.mark.parametrize("how", QUANTILES)
@pytest.mark.parametrize("count", [1, 2, 5, 10, 101])
def test_quantiles_are_numpys(how: str, count: int) -> None:
    values = sorted(CHANCE.gauss(0, 1) for _ in range(count))
    for fraction in (0.0, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9, 1.0):
        held = {at: values[at] for at in positions(fraction, count)}
        expected = np.quantile(values, fraction, method=how)  # type: ignore[call-overload] # one of its methods
        assert interpolated(fraction, count, held, how) == pytest.approx(expected, rel=1e-15)
