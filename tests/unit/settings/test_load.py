import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from builders import write_settings
from mlops_ci.errors import UsageProblem
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.settings.data import DataSettings
from mlops_ci.settings.document import Document, find, read
from mlops_ci.settings.gate import GateSettings
from mlops_ci.settings.load import Cascade
from mlops_ci.settings.project import SECTIONS

GOOD = """
    model: flight-delay
    data:
      path: data.parquet
      contract: contract.json
    gate:
      golden: golden.parquet
      label: late
      rules:
        - roc_auc: {no_worse_than: 0.005}
        - log_loss:
            improve_by: 3%
    canary:
      serve: [python, -m, service]
      warm_up: 10s
"""


def cascade(folder: Path, text: str, environ: dict[str, str] | None = None, model: str | None = None) -> Cascade:
    return Cascade(read(write_settings(folder, text)), environ or {}, model)


def complaint(folder: Path, text: str, section: str = "data", environ: dict[str, str] | None = None) -> str:
    with pytest.raises(UsageProblem) as caught:
        cascade(folder, text, environ).section(section, SECTIONS[section], {})
    return str(caught.value)


def test_a_good_file_loads(tmp_path: Path) -> None:
    sources = cascade(tmp_path, GOOD)
    gate = sources.section("gate", GateSettings, {})
    (_, second) = gate.rules
    assert str(second["log_loss"].improve_by) == "3 %"
    assert sources.section("canary", CanarySettings, {}).warm_up == 10
    assert sources.project().model == "flight-delay"


@pytest.mark.parametrize(
    ("before", "after", "place", "hint"),
    [
        ("  contract:", "  contrakt:", ":4:3: ", "unknown key 'contrakt'. Did you mean 'contract'?"),
        ("gate:\n", "gtae:\n", ":5:1: ", "unknown key 'gtae'. Did you mean 'gate'?"),
        ("      improve_by", "      improve_bi", ":11:9: ", "Did you mean 'improve_by'?"),
        ("warm_up: 10s", "warm_up: soon", ":14:3: ", "canary.warm_up: a duration is a number with a unit"),
        ("warm_up: 10s", "port: many", ":14:3: ", "canary.port: input should be a valid integer"),
        ("warm_up: 10s", "port: 70000", ":14:3: ", "less than or equal to 65535 (got 70000)"),
        ("warm_up: 10s", "steps: [50, 25]", ":14:3: ", "the steps must rise"),
        ("warm_up: 10s", "steps: [5, x]", ":14:14: ", "canary.steps.1: input should be a valid integer"),
        ("{no_worse_than: 0.005}", "{no_worse_than: much}", ":9:17: ", "a margin is a number"),
        ("{no_worse_than: 0.005}", "{no_worse_than: .inf}", ":9:17: ", "a margin is a number"),
        ("{no_worse_than: 0.005}", "{no_worse_than: .nan}", ":9:17: ", "a margin is a number"),
        ("{no_worse_than: 0.005}", "{no_worse_than: -0.1}", ":9:17: ", "a margin is a number"),
        ("{no_worse_than: 0.005}", "{no_worse_than: 1, at_least: 2}", ":9:7: ", "a rule has exactly one of"),
        ("{no_worse_than: 0.005}", "{at_least: .nan}", ":9:17: ", "input should be a finite number"),
        ("flight-delay", "../evil", ":1:1: ", "model: string should match pattern"),
    ],
)
def test_an_error_names_file_line_and_column(tmp_path: Path, before: str, after: str, place: str, hint: str) -> None:
    assert before in GOOD
    path = write_settings(tmp_path, GOOD.replace(before, after, 1))
    sources = Cascade(read(path), {})
    with pytest.raises(UsageProblem) as caught:
        sources.check_all() if before != "flight-delay" else sources.project()
    assert f"mlops.yaml{place}" in str(caught.value)
    assert hint in str(caught.value)


def test_a_wrong_value_in_another_section_stops_a_step_too(tmp_path: Path) -> None:
    assert ":14:3: canary.warm_up" in complaint(tmp_path, GOOD.replace("10s", "soon"))


def test_several_errors_are_told_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, "data: {path: [1], contract: [2]}")
    assert len(said.splitlines()) == 2


def test_a_missing_value_names_its_flag(tmp_path: Path) -> None:
    said = complaint(tmp_path, "data: {path: d.csv}")
    assert "data.contract is missing; set it or pass --contract." in said


def test_a_key_without_anything_near_lists_the_known_ones(tmp_path: Path) -> None:
    assert "Known are path, table, query" in complaint(tmp_path, "data: {zzzzzz: 1}")


@pytest.mark.parametrize("text", ["data:", "data: 5", "data: [path]"])
def test_a_section_that_is_no_mapping_is_told_where(tmp_path: Path, text: str) -> None:
    assert "mlops.yaml:1:1: data is a mapping of settings." in complaint(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("- a\n", ":1:1: settings are a mapping of sections"),
        ("data: {path: [}\n", ":1:15: this is not valid YAML"),
        ("data:\n\tpath: x\n", ":2:1: this is not valid YAML"),
        ("data: {}\ndata: {}\n", ":2:1: this is not valid YAML"),
        ("data: !!python/object/apply:os.system ['true']\n", ":1:1: "),
    ],
)
def test_broken_yaml_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in complaint(tmp_path, text)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "mlops.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageProblem, match="cannot be read as settings"):
        read(tmp_path / "mlops.yaml")


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    text = """
        models:
          a:
            data: &shared {path: a.csv, contract: c.json, strict: true}
          b:
            data:
              <<: *shared
              path: b.csv
    """
    found = cascade(tmp_path, text, model="b").section("data", DataSettings, {})
    assert (found.path, found.contract, found.strict) == ("b.csv", Path("c.json"), True)


@pytest.mark.parametrize("value", ["2026-01-01", "2026-01-01T10:00:00Z", "!odd x"])
def test_yaml_of_strange_types_is_an_error_and_no_crash(tmp_path: Path, value: str) -> None:
    assert ":2:3: data.path" in complaint(tmp_path, f"data:\n  path: {value}\n  contract: c.json\n")


def test_defaults_file_environment_flag_each_win_over_the_one_before(tmp_path: Path) -> None:
    seen = []
    plain = "canary: {serve: [x]}"
    with_port = "canary: {serve: [x], port: 1001}"
    environ = {"MLOPS_CI_CANARY__PORT": "1002"}
    for text, variables, flags in (
        (plain, {}, {}),
        (with_port, {}, {}),
        (with_port, environ, {}),
        (with_port, environ, {"port": "1003"}),
    ):
        seen.append(cascade(tmp_path, text, variables).section("canary", CanarySettings, flags).port)
    assert seen == [8080, 1001, 1002, 1003]


def test_a_nested_unknown_key_is_compared_with_those_beside_it(tmp_path: Path) -> None:
    said = complaint(tmp_path, "data: {contract: c.json, drift: {psy: 1}}")
    assert "Did you mean 'psi'?" in said


def test_every_value_says_where_it_came_from(tmp_path: Path) -> None:
    sources = cascade(tmp_path, GOOD, {"MLOPS_CI_CANARY__PORT": "99"})
    origins = {one.key: one.origin for one in sources.values("canary", CanarySettings)}
    assert origins["canary.host"] == "default"
    assert origins["canary.warm_up"].endswith("mlops.yaml:14:3")
    assert origins["canary.port"] == "environment MLOPS_CI_CANARY__PORT"
    empty = {one.key: one.origin for one in Cascade(Document(), {}).values("data", DataSettings)}
    assert empty["data.contract"] == "not set (required)"


def test_an_empty_variable_is_none_at_all(tmp_path: Path) -> None:
    found = cascade(tmp_path, GOOD, {"MLOPS_CI_CANARY__PORT": ""}).section("canary", CanarySettings, {})
    assert found.port == 8080


@pytest.mark.parametrize(("value", "steps"), [("[1, 2]", [1, 2]), ("[10]", [10]), ("- 3\n- 4", [3, 4])])
def test_a_list_in_the_environment_is_written_as_yaml(tmp_path: Path, value: str, steps: list[int]) -> None:
    sources = cascade(tmp_path, GOOD, {"MLOPS_CI_CANARY__STEPS": value})
    assert sources.section("canary", CanarySettings, {}).steps == steps


@pytest.mark.parametrize(
    ("variable", "value"),
    [("MLOPS_CI_CANARY__STEPS", "[1, "), ("MLOPS_CI_CANARY__STEPS", "many"), ("MLOPS_CI_CANARY__PORT", "many")],
)
def test_a_wrong_variable_is_named(tmp_path: Path, variable: str, value: str) -> None:
    assert complaint(tmp_path, GOOD, "canary", {variable: value}).startswith(f"environment variable {variable}: ")


def test_a_wrong_variable_is_named_even_without_a_file() -> None:
    with pytest.raises(UsageProblem, match="environment variable MLOPS_CI_MODEL: model: string should match"):
        Cascade(Document(), {"MLOPS_CI_MODEL": "a b"}).project()


def test_a_wrong_flag_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"^--port: canary.port: input should be less than"):
        cascade(tmp_path, GOOD).section("canary", CanarySettings, {"port": "99999"})


TWO = "models:\n  a:\n    data: {path: a.csv, contract: c}\n  b:\n    data: {path: b.csv, contract: c}\n"


def test_one_of_several_models_is_picked(tmp_path: Path) -> None:
    sources = cascade(tmp_path, TWO, model="b")
    assert sources.section("data", DataSettings, {}).path == "b.csv"
    assert sources.project().model == "b"


@pytest.mark.parametrize(
    ("model", "said"),
    [(None, "There are several models; pass --model with one of a, b."), ("c", "There is no model 'c'; pass --model")],
)
def test_a_model_must_be_picked_among_several(tmp_path: Path, model: str | None, said: str) -> None:
    with pytest.raises(UsageProblem, match=r"mlops\.yaml:1:1") as caught:
        cascade(tmp_path, TWO, model=model).section("data", DataSettings, {})
    assert said in str(caught.value)


def test_picking_among_models_that_are_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="one model, 'flight-delay'"):
        cascade(tmp_path, GOOD, model="other").project()
    assert cascade(tmp_path, GOOD, model="flight-delay").project().model == "flight-delay"


@pytest.mark.parametrize("text", ["models: [a]\n", "models:\n  a: 5\n"])
def test_models_of_the_wrong_shape_are_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageProblem, match="is a mapping"):
        cascade(tmp_path, text, model="a").section("data", DataSettings, {})


def test_an_unknown_key_inside_a_model_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r":3:5: unknown key 'daat'. Did you mean 'data'\?"):
        cascade(tmp_path, TWO.replace("data", "daat", 1), model="a").section("data", DataSettings, {})


def test_the_file_is_found_above_but_not_beyond_the_repository(tmp_path: Path) -> None:
    deep = tmp_path / "repository/src/deep"
    deep.mkdir(parents=True)
    path = write_settings(tmp_path, GOOD)
    assert find(deep) == path
    (tmp_path / "repository/.git").mkdir()
    assert find(deep) is None


def test_the_json_schema_takes_what_we_take_and_refuses_what_we_refuse() -> None:
    schema: dict[str, Any] = json.loads(files("mlops_ci").joinpath("resources/mlops.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for text in (GOOD, TWO):
        validator.validate(YAML(typ="safe").load(text))
    refused: tuple[dict[str, Any], ...] = (
        {"gtae": {}},
        {"data": {"pth": "x"}},
        {"canary": {"port": "many"}},
        {"canary": {"warm_up": "soon"}},
        {"gate": {"rules": [{"accuracy": {"no_worse_than": -1}}]}},
        {"models": {"a": {"daat": {}}}},
    )
    for wrong in refused:
        assert not validator.is_valid(wrong), wrong
