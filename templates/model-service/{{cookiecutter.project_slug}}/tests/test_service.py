"""Whatever happens to a request, it is answered and written down."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from {{cookiecutter.package}}.journal import Journal
from {{cookiecutter.package}}.request import Request, read
from {{cookiecutter.package}}.service import EXAMPLE as FLIGHT
from {{cookiecutter.package}}.service import Model, create_app, main
from {{cookiecutter.package}}.task import LABEL, METRIC
from {{cookiecutter.package}}.train import build, save


@pytest.fixture
def model(rows: pd.DataFrame, tmp_path: Path) -> Model:
    save(build("boosting", "weather").fit(rows, rows[LABEL]), rows, tmp_path / "model")
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
    output = model.answer(FLIGHT)
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
        "inputs": FLIGHT,
        "output": output,
        "label": None,
        "status": 200,
    }
    assert f"{METRIC}_count 1.0" in client.get("/metrics").text


def test_weather_may_be_unknown(client: TestClient, model: Model) -> None:
    model.load()
    calm = FLIGHT | {"pressure": None, "temp": None}
    assert client.post("/predict", json=calm).status_code == 200


@pytest.mark.parametrize("sent", [-123, "secret", None, [1], float("nan"), float("inf")])
def test_a_wrong_field_is_named_and_its_value_is_not_told(
    client: TestClient, model: Model, log: Path, sent: object
) -> None:
    model.load()
    body = json.dumps(FLIGHT | {"distance": sent})
    answer = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json()["detail"]] == ["distance"]
    [entry] = entries(log)
    assert (entry["status"], entry["inputs"]) == (422, None)
    assert not {"123", "secret"} & set(re.findall(r"\w+", answer.text))


def test_a_missing_field_is_named(client: TestClient) -> None:
    short = {name: value for name, value in FLIGHT.items() if name != "pressure"}
    assert client.post("/predict", json=short).json()["detail"][0]["field"] == "pressure"


def test_a_misspelled_field_is_named(client: TestClient) -> None:
    answer = client.post("/predict", json=FLIGHT | {"presure" + "e" * 99: 1015})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["field"] == "presure" + "e" * 33


def test_the_page_describes_the_request(client: TestClient, wanted: Request) -> None:
    page = client.get("/openapi.json").json()
    body = page["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"] == wanted.schema["properties"]


def test_a_sensitive_field_is_used_and_not_written_down(
    model: Model, log: Path, tmp_path: Path, wanted: Request
) -> None:
    schema = deepcopy(wanted.schema)
    schema["properties"]["distance"]["writeOnly"] = True
    (tmp_path / "request.json").write_text(json.dumps(schema))
    model.load()
    journal = Journal("sha256:abc", "7", str(log))
    app = create_app(model, journal, read(tmp_path / "request.json"))
    answer = TestClient(app).post("/predict", json=FLIGHT)
    journal.close()
    assert answer.json().items() >= model.answer(FLIGHT).items()
    assert entries(log)[0]["inputs"] == FLIGHT | {"distance": "(sensitive)"}


def test_without_its_request_schema_the_service_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUEST_SCHEMA", "gone.json")
    with pytest.raises(SystemExit, match=r"cannot be enforced: .*gone\.json"):
        main()


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
