"""Whatever happens to a request, it is answered and written down."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from {{cookiecutter.package}}.journal import Journal
from {{cookiecutter.package}}.service import EXAMPLE, Flight, Model, create_app
from {{cookiecutter.package}}.train import INPUTS, LABEL, build, save

FLIGHT = EXAMPLE.model_dump()


@pytest.fixture
def model(rows: pd.DataFrame, tmp_path: Path) -> Model:
    save(build("boosting", "weather").fit(rows, rows[LABEL]), rows, tmp_path / "model")
    return Model(tmp_path / "model")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "requests.jsonl"


@pytest.fixture
def client(model: Model, log: Path) -> Iterator[TestClient]:
    journal = Journal("sha256:abc", "7", str(log))
    with TestClient(create_app(model, journal)) as client:
        yield client
    journal.close()


def entries(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_a_request_holds_the_inputs_of_the_model() -> None:
    assert list(Flight.model_fields) == INPUTS


def test_it_is_healthy_at_once_and_ready_when_the_model_is(
    client: TestClient, model: Model
) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.post("/predict", json=FLIGHT).status_code == 503
    model.load()
    assert client.get("/readyz").status_code == 200


def test_a_prediction_is_answered_and_written_down(
    client: TestClient, model: Model, log: Path
) -> None:
    model.load()
    answer = client.post("/predict", json=FLIGHT).json()
    assert answer["score"] == pytest.approx(model.score(FLIGHT))
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
        "inputs": FLIGHT,
        "output": {"score": answer["score"], "prediction": answer["prediction"]},
        "label": None,
        "status": 200,
    }


def test_weather_may_be_unknown(client: TestClient, model: Model) -> None:
    model.load()
    calm = FLIGHT | {"pressure": None, "temp": None}
    assert client.post("/predict", json=calm).status_code == 200


@pytest.mark.parametrize("change", [{"distance": -1}, {"distance": "far"}, {"distance": None}])
def test_a_wrong_field_is_named(
    client: TestClient, model: Model, log: Path, change: dict[str, Any]
) -> None:
    model.load()
    answer = client.post("/predict", json=FLIGHT | change)
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json()["detail"]] == ["distance"]
    assert [entry["status"] for entry in entries(log)] == [422]


def test_a_missing_field_is_named(client: TestClient) -> None:
    short = {name: value for name, value in FLIGHT.items() if name != "pressure"}
    assert client.post("/predict", json=short).json()["detail"][0]["field"] == "pressure"


def test_a_failing_prediction_is_a_500_and_is_counted(
    client: TestClient, model: Model, log: Path
) -> None:
    model.pipeline = "no model at all"
    assert client.post("/predict", json=FLIGHT).status_code == 500
    [entry] = entries(log)
    assert entry["status"] == 500
    assert entry["inputs"] == FLIGHT
    assert entry["output"] is None
    assert 'requests_total{status="500"} 1.0' in client.get("/metrics").text
