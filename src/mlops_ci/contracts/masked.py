"""Keep the values of sensitive columns out of what is reported: counts stay, values and words about them go."""

from dataclasses import replace

from mlops_ci.contracts.judged import ABSENT, Judged, Unexpected
from mlops_ci.contracts.plan import named
from mlops_ci.contracts.suite import Expectation, Suite

MASK = "(sensitive)"
# What these observe is a number of rows or values, or a name of a type: no value of the data.
_COUNTING = frozenset(
    {
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_type_to_be",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_of_type",
    }
)


def sensitive_columns(suite: Suite) -> frozenset[str]:
    """Return the columns that a note of the suite calls sensitive: `"meta": {"sensitive": true}`."""
    noted = [one for one in suite.expectations if one.meta.get("sensitive") is True]
    return frozenset(name for one in noted for name in _columns(one) or ())


def masked(judged: Judged, sensitive: frozenset[str]) -> Judged:
    """Return the judgement without any value of a sensitive column; where one stands is no secret."""
    if not sensitive or not _touches(judged.expectation, sensitive):
        return judged
    observed = judged.observed_value
    shown = observed is None or judged.expectation.type in _COUNTING
    return replace(
        judged,
        observed_value=observed if shown else MASK,
        error=judged.error if judged.error in {None, ABSENT} else f"the reason is not shown {MASK}",
        unexpected=tuple(Unexpected(MASK, one.row, one.file) for one in judged.unexpected),
    )


def _touches(expectation: Expectation, sensitive: frozenset[str]) -> bool:
    """Say whether an expectation may show values of these columns; one by a query of its own may show any."""
    names = _columns(expectation)
    if expectation.type.startswith("expect_table_"):
        return False
    return not names or not sensitive.isdisjoint(names)


def _columns(expectation: Expectation) -> tuple[str, ...] | None:
    return named({key: one for key, one in expectation.kwargs.items() if one is not None})
