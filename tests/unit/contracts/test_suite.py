import json
from pathlib import Path

import pytest

from mlops_ci.contracts.suite import Expectation, read
from mlops_ci.errors import NothingToJudge, UsageProblem

NOT_NULL = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "id"}}


def contract(folder: Path, *expectations: object) -> Path:
    path = folder / "contract.json"
    path.write_text(json.dumps({"name": "flights", "expectations": list(expectations)}))
    return path


def test_type_arguments_severity_and_meta_are_read(tmp_path: Path) -> None:
    suite = read(contract(tmp_path, {**NOT_NULL, "severity": "warning", "meta": {"owner": "ops"}}))
    assert suite.name == "flights"
    assert suite.expectations == (
        Expectation("expect_column_values_to_not_be_null", {"column": "id"}, "warning", 1, {"owner": "ops"}),
    )


def test_the_older_spelling_of_type_and_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    old = {"expectation_type": NOT_NULL["type"], "kwargs": NOT_NULL["kwargs"], "meta": None}
    path.write_text(json.dumps({"expectation_suite_name": "old", "expectations": [old]}))
    suite = read(path)
    assert (suite.name, suite.expectations[0].type) == ("old", NOT_NULL["type"])


def test_severity_is_critical_unless_the_contract_says_otherwise(tmp_path: Path) -> None:
    assert read(contract(tmp_path, NOT_NULL)).expectations[0].severity == "critical"


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_each_expectation_knows_its_line(tmp_path: Path, indent: int | None) -> None:
    decoy = {"expectations": ["not these"], "text": 'a "quoted" \\ \n "expectations": ['}
    document = {"meta": decoy, "expectations": [NOT_NULL] * 3, "notes": [1, {"a": []}]}
    path = tmp_path / "contract.json"
    text = json.dumps(document, indent=indent)
    path.write_text(text)
    lines = [one.line for one in read(path).expectations]
    where = [number for number, line in enumerate(text.splitlines(), 1) for _ in range(line.count(NOT_NULL["type"]))]  # type: ignore[arg-type]
    assert lines == [number - 1 for number in where] if indent else lines == where


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("{", "contract.json:1:2 is not JSON"),
        ("[]", "holds no expectations"),
        ("{}", "holds no expectations"),
        ('{"expectations": []}', "holds no expectations"),
        ('{"expectations": {"a": 1}}', "holds no expectations"),
        ('{"expectations": [{"kwargs": {"max_value": NaN}}]}', "NaN is no JSON number"),
    ],
)
def test_a_contract_without_a_judgement_in_it_is_nothing_to_judge(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "contract.json"
    path.write_text(text)
    with pytest.raises(NothingToJudge, match=said):
        read(path, shown="contract.json")


def test_a_contract_that_is_not_text_is_nothing_to_judge(tmp_path: Path) -> None:
    path = tmp_path / "contract.json"
    path.write_bytes(b"PAR1\xff\xfe")
    with pytest.raises(NothingToJudge, match="is not JSON"):
        read(path)


def test_a_missing_contract_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match=r"contracts/x\.json does not exist\. Write the contract"):
        read(tmp_path / "x.json", shown="contracts/x.json")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"type": "expect_column_values_to_not_be_nul"}, "Did you mean 'expect_column_values_to_not_be_null'"),
        ({"type": "zzz"}, "knows no 'zzz'"),
        ({"kwargs": {}}, "needs a type"),
        ("expect_column_to_exist", "is an object with type and kwargs"),
        ({**NOT_NULL, "kwargs": {"column": "id", "mostl": 0.9}}, "has no argument 'mostl'. Did you mean 'mostly'"),
        (
            {**NOT_NULL, "kwargs": {"column": "id", "zzzz": 1}},
            "It takes column, condition_parser, mostly, row_condition",
        ),
        ({**NOT_NULL, "severity": "fatal"}, "severity is one of critical, warning, info, not 'fatal'"),
        ({**NOT_NULL, "kwargs": ["id"]}, "are objects"),
        (
            {"type": "expect_column_max_to_be_between", "kwargs": {"column": "a", "min_value": 2, "max_value": 1}},
            "above",
        ),
    ],
)
def test_a_malformed_expectation_is_a_usage_problem_with_its_line(tmp_path: Path, raw: object, said: str) -> None:
    path = contract(tmp_path, NOT_NULL, raw)
    with pytest.raises(UsageProblem, match=said) as problem:
        read(path, shown="c.json")
    assert str(problem.value).startswith("c.json:1: ")


def test_an_expectation_is_named_after_its_columns() -> None:
    assert Expectation("expect_column_to_exist", {"column": "a"}).name == "expect_column_to_exist(a)"
    pair = Expectation("expect_column_pair_values_to_be_equal", {"column_A": "a", "column_B": "b"})
    assert pair.name == "expect_column_pair_values_to_be_equal(a,b)"
    compound = Expectation("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]})
    assert compound.column == "a,b"
    assert Expectation("expect_table_row_count_to_equal", {"value": 1}).column is None
