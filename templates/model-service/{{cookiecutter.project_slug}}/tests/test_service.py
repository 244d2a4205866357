"""Whatever happens to a request, it is answered and written down."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import lacks
from fastapi.testclient import TestClient

from {{cookiecutter.package}}.data import INPUTS
from {{cookiecutter.package}}.features import FEATURES
from {{cookiecutter.package}}.journal import Journal
from {{cookiecutter.package}}.request import Request, read
from {{cookiecutter.package}}.service import Model, create_app, main
from {{cookiecutter.package}}.task import LABEL, LEARNERS, METRIC
from {{cookiecutter.package}}.train import build, save

FIELD = INPUTS[0]


@pytest.fixture
def model(rows: pd.DataFrame, tmp_path: Path) -> Model:
    save(build(LEARNERS[-1], FEATURES[-1]).fit(rows, rows[LABEL]), rows, tmp_path / "model")
    return Model(tmp_path / "model")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "requests.jsonl"


@pytest.fixture
def client(model: Model, log: Path, wanted: Request) -> Iterator[TestClient]:
    journal = Journal("sha256:abc", "7", str(log))
    with TestClient(create_app(model, journal, wanted)) as client:
        yield client
    journal.close()


def entries(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_it_is_healthy_at_once_and_ready_when_the_model_is(
    client: TestClient, model: Model, example: dict[str, Any]
) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.post("/predict", json=example).status_code == 503
    model.load()
    assert client.get("/readyz").status_code == 200


def test_a_prediction_is_answered_and_written_down(
    client: TestClient, model: Model, log: Path, example: dict[str, Any]
) -> None:
    model.load()
    answer = client.post("/predict", json=example).json()
    output = model.answer(example)
    assert answer.items() >= output.items()
    assert answer["model_digest"] == "sha256:abc"
    assert answer["release"] == "7"
    [entry] = entries(log)
    assert entry.pop("latency_ms") > 0
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "schema": "mlops-ci.request/v1",
        "request_id": answer["request_id"],
        "model_digest": "sha256:abc",
        "release": "7",
        "inputs": example,
        "output": output,
        "label": None,
        "status": 200,
    }
    assert f"{METRIC}_count 1.0" in client.get("/metrics").text


def test_what_may_be_unknown_is_answered(
    client: TestClient, model: Model, wanted: Request, example: dict[str, Any]
) -> None:
    model.load()
    unknown = dict.fromkeys(name for name in INPUTS if lacks(wanted, name))
    assert client.post("/predict", json=example | unknown).status_code == 200


@pytest.mark.parametrize("sent", [[-123], {"secret": 1}, float("nan"), float("inf")])
def test_a_wrong_field_is_named_and_its_value_is_not_told(
    client: TestClient, model: Model, log: Path, example: dict[str, Any], sent: object
) -> None:
    model.load()
    body = json.dumps(example | {FIELD: sent})
    answer = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json()["detail"]] == [FIELD]
    [entry] = entries(log)
    assert (entry["status"], entry["inputs"]) == (422, None)
    assert not {"123", "secret"} & set(re.findall(r"\w+", answer.text))


def test_a_missing_field_is_named(client: TestClient, example: dict[str, Any]) -> None:
    del example[FIELD]
    assert client.post("/predict", json=example).json()["detail"][0]["field"] == FIELD


def test_a_misspelled_field_is_named(client: TestClient, example: dict[str, Any]) -> None:
    answer = client.post("/predict", json=example | {"m" + "e" * 99: 1015})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["field"] == "m" + "e" * 39


def test_the_page_describes_the_request(client: TestClient, wanted: Request) -> None:
    page = client.get("/openapi.json").json()
    body = page["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"] == wanted.schema["properties"]


def test_a_sensitive_field_is_used_and_not_written_down(
    model: Model, log: Path, tmp_path: Path, wanted: Request, example: dict[str, Any]
) -> None:
    schema = deepcopy(wanted.schema)
    schema["properties"][FIELD]["writeOnly"] = True
    (tmp_path / "request.json").write_text(json.dumps(schema))
    model.load()
    journal = Journal("sha256:abc", "7", str(log))
    app = create_app(model, journal, read(tmp_path / "request.json"))
    answer = TestClient(app).post("/predict", json=example)
    journal.close()
    assert answer.json().items() >= model.answer(example).items()
    assert entries(log)[0]["inputs"] == example | {FIELD: "(sensitive)"}


def test_without_its_request_schema_the_service_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUEST_SCHEMA", "gone.json")
    with pytest.raises(SystemExit, match=r"cannot be enforced: .*gone\.json"):
        main()


def test_a_failing_prediction_is_a_500_and_is_counted(
    client: TestClient, model: Model, log: Path, example: dict[str, Any]
) -> None:
    model.pipeline = "no model at all"
    assert client.post("/predict", json=example).status_code == 500
    [entry] = entries(log)
    assert entry["status"] == 500
    assert entry["inputs"] == example
    assert entry["output"] is None
    assert 'requests_total{status="500"} 1.0' in client.get("/metrics").text
