import json

import pytest

from mlops_ci.contracts.arguments import fault
from mlops_ci.contracts.suite import parse
from mlops_ci.errors import NothingToJudge, UsageProblem


@pytest.mark.parametrize(
    "condition",
    [
        "@pd.io.common.os.system('id') == 0",
        "a.to_csv('elsewhere.csv') == 0",
        "a.__class__ == 1",
        "a.map(print)",
        "eval('1') == 1",
        "`b c`.pipe(print) > 1",
    ],
)
def test_a_row_condition_that_is_code_is_refused(condition: str) -> None:
    assert fault({"row_condition": condition, "condition_parser": "pandas"})


@pytest.mark.parametrize(
    "condition", ["a > 5", "a.abs() > 5 and b == 'x'", "`b c`.notnull()", "a.str.len() > 2", "a >"]
)
def test_a_comparison_is_not(condition: str) -> None:
    assert fault({"row_condition": condition, "condition_parser": "pandas"}) is None


@pytest.mark.parametrize("kwargs", [{"regex": "("}, {"regex_list": ["a", "["]}, {"min_value": 10**400}])
def test_what_is_wrong_whatever_the_data_are_is_refused(kwargs: dict[str, object]) -> None:
    assert fault(kwargs)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ('{"expectations": [], "expectations": []}', NothingToJudge, "'expectations' stands twice"),
        ("[" * 100_000, NothingToJudge, "nested too deeply"),
        (
            json.dumps(
                {
                    "expectations": [
                        {"type": "expect_column_to_exist", "kwargs": {"column": "x"}, "meta": {"sensitive": "true"}}
                    ]
                }
            ),
            UsageProblem,
            "true or false, without quotes",
        ),
    ],
)
def test_a_suite_that_would_be_misread_is_refused(text: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        parse(text, "s.json")
