"""Every way to hand answers to the gate: files of any task, services, MLflow URIs, environments; and wrong ones."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest

from builders import PROGRAMS

pytestmark = pytest.mark.integration
Frame = pd.DataFrame
N = 600


def gate(folder: Path, settings: str, *flags: str, timeout: float = 120) -> tuple[int, dict[str, Any]]:
    """Run `mlops-ci gate-model` with this section of settings; return exit code and report."""
    head = f"gate:\n  python: {sys.executable}\n"
    (folder / "mlops.yaml").write_text(head + "".join(f"  {line}\n" for line in dedent(settings).strip().splitlines()))
    done = subprocess.run(
        [sys.executable, "-m", "mlops_ci", "gate-model", "--format", "json", *flags],
        cwd=folder, env=os.environ | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}, capture_output=True, text=True,
        check=False, timeout=timeout,
    )  # fmt: skip
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, report


FILES = ("--champion-predictions", "champion.parquet", "--challenger-predictions", "challenger.csv")


def write(folder: Path, golden: Frame, champion: Frame, challenger: Frame) -> None:
    golden.to_parquet(folder / "golden.parquet")
    champion.sample(frac=1, random_state=1).to_parquet(folder / "champion.parquet")
    challenger.sample(frac=1, random_state=2).to_csv(folder / "challenger.csv", index=False)


def regression(folder: Path, noise: float) -> None:
    draw = np.random.default_rng(0)
    ids, y = np.arange(N), draw.normal(10, 3, N)
    golden = Frame({"id": ids, "y": y, "user": ids % 60, "w": draw.uniform(1, 2, N)})
    models = (Frame({"id": ids, "prediction": y + draw.normal(0, one, N)}) for one in (1.0, noise))
    write(folder, golden, *models)


@pytest.mark.parametrize(("noise", "code"), [(0.8, 0), (1.3, 10)])
@pytest.mark.parametrize("more", ["", "weight: w\ncluster: user"])
def test_regression_by_files_with_weights_and_clusters(tmp_path: Path, noise: float, code: int, more: str) -> None:
    regression(tmp_path, noise)
    rules = "golden: golden.parquet\nlabel: y\nrules:"
    rules += "\n  - root_mean_squared_error: {improve_by: 3%}\n  - r2: {at_least: 0.7}"
    found, report = gate(tmp_path, f"{rules}\n{more}", *FILES)
    assert found == code, report
    assert report["measurements"][0]["n"] == (60 if more else N)
    assert not (tmp_path / "mlflow.db").exists(), "files need no registry, which takes seconds to load"
    assert set(report["inputs"]) >= {"golden", "rules", "champion_predictions", "challenger_predictions"}


@pytest.mark.parametrize(("skill", "code"), [(3.0, 0), (0.3, 10)])
def test_ranking_by_query_groups(tmp_path: Path, skill: float, code: int) -> None:
    draw = np.random.default_rng(0)
    queries, items = np.repeat(np.arange(150), 20), np.tile(np.arange(20), 150)
    gains = (draw.random(3000) < 0.2).astype(int)
    golden = Frame({"query": queries, "item": items, "relevant": gains})
    named = {"query": queries, "item": items}
    models = (Frame({**named, "score": gains * one + draw.normal(0, 1, 3000)}) for one in (1.0, skill))
    write(tmp_path, golden, *models)
    rules = """
        golden: golden.parquet
        label: relevant
        query: query
        rules:
          - precision@5: {improve_by: 3%}
          - ndcg@10: {no_worse_than: 0.01}
    """
    found, report = gate(tmp_path, rules, *FILES)
    assert found == code, report
    assert [one["n"] for one in report["measurements"]] == [150, 150]


@pytest.mark.parametrize(("right", "code"), [(0.9, 0), (0.4, 10)])
def test_generated_text(tmp_path: Path, right: float, code: int) -> None:
    draw = np.random.default_rng(0)
    answers = np.array([f"the answer is {number}" for number in range(N)], dtype=object)
    golden = Frame({"id": range(N), "answer": answers})
    models = (
        Frame({"id": range(N), "prediction": np.where(draw.random(N) < one, answers, "no idea at all")})
        for one in (0.7, right)
    )
    write(tmp_path, golden, *models)
    rules = """
        golden: golden.parquet
        label: answer
        rules:
          - exact_match: {improve_by: 0.02}
          - token_f1: {no_worse_than: 0.01}
          - rouge_l: {no_worse_than: 0.01}
        flips: {at_most: 40%}
    """
    found, report = gate(tmp_path, rules, *FILES)
    assert found == code, report


@pytest.mark.parametrize(("skill", "code"), [(0.9, 0), (0.5, 10)])
def test_many_classes_and_a_metric_of_ones_own(tmp_path: Path, skill: float, code: int) -> None:
    draw = np.random.default_rng(0)
    labels = draw.choice(["cat", "dog", "eel"], N)
    golden = Frame({"id": range(N), "animal": labels})
    models = (
        Frame({"id": range(N), "prediction": np.where(draw.random(N) < one, labels, draw.choice(["cat", "dog"], N))})
        for one in (0.7, skill)
    )
    write(tmp_path, golden, *models)
    (tmp_path / "worth.py").write_text(
        dedent("""
        import numpy as np

        def per_row(y_true, y_pred):
            return np.where(y_true == y_pred, 1.0, -2.0)

        def in_all(y_true, y_pred):
            return float(np.mean(y_true == y_pred) ** 2)

        def errors(y_true, y_pred):
            return float(np.mean(y_true != y_pred))

        errors.greater_is_better = False
    """)
    )
    rules = """
        golden: golden.parquet
        label: animal
        rules:
          - f1_macro: {improve_by: 0.01}
          - worth.per_row: {improve_by: 0.05}
          - worth.in_all: {no_worse_than: 0.01}
          - worth.errors: {no_worse_than: 5%}
        must_pass: must.jsonl
    """
    right = next(
        at
        for at in range(N)
        if labels[at] == pd.read_csv(tmp_path / "challenger.csv").set_index("id").loc[at, "prediction"]
    )
    (tmp_path / "must.jsonl").write_text(json.dumps({"id": right}) + "\n")
    found, report = gate(tmp_path, rules, *FILES)
    assert found == code, report
    assert {one["verdict"] for one in report["measurements"]} == {"pass" if code == 0 else "fail"}


BINARY = (
    "golden: golden.parquet\nlabel: late\nrules:\n  - roc_auc: {no_worse_than: 0.05}\n  - f1: {no_worse_than: 0.10}"
)


def binary(folder: Path, noise: float = 0.3, **columns: Any) -> Frame:  # noqa: ANN401 - columns of anything
    draw = np.random.default_rng(0)
    truth = draw.random(N) < 0.4
    ids = [f"r{number:04d}" for number in range(N)]
    golden = Frame({"id": ids, "late": truth.astype(int), "signal": truth * 0.4 + 0.6 * draw.random(N), **columns})
    score = np.clip(golden["signal"] + draw.normal(0, 0.05, N), 0, 1)
    worse = np.clip(golden["signal"] + draw.normal(0, noise, N), 0, 1)
    write(folder, golden, Frame({"id": ids, "score": score}), Frame({"id": ids, "score": worse}))
    return golden


def test_one_row_missing_on_either_side_is_an_error(tmp_path: Path) -> None:
    binary(tmp_path, 0.05)
    assert gate(tmp_path, BINARY, *FILES)[0] == 0
    rows = pd.read_csv(tmp_path / "challenger.csv")
    rows.iloc[1:].to_csv(tmp_path / "challenger.csv", index=False)
    code, report = gate(tmp_path, BINARY, *FILES)
    assert (code, report["verdict"]) == (3, None)
    assert "1 golden rows have no prediction" in report["error"]
    latency = BINARY.replace("f1: {no_worse_than: 0.10}", "latency_p95_ms: {at_most: 40}")
    rows.to_csv(tmp_path / "challenger.csv", index=False)
    code, report = gate(tmp_path, latency, *FILES)
    assert (code, "cannot be asked" in report["error"]) == (2, True)


def test_fairness_blocks_what_every_average_lets_pass(tmp_path: Path) -> None:
    golden = binary(tmp_path, 0.05, age=["young", "old"] * (N // 2))
    fair = f"{BINARY}\nfairness: {{by: age, equal_opportunity_gap: {{at_most: 0.2}}}}"
    assert gate(tmp_path, fair, *FILES)[0] == 0
    rows = pd.read_csv(tmp_path / "challenger.csv").set_index("id").loc[golden["id"]]
    rows.loc[(golden["age"] == "old").to_numpy() & (np.random.default_rng(1).random(N) < 0.5), "score"] = 0.1
    rows.to_csv(tmp_path / "challenger.csv")
    code, report = gate(tmp_path, fair.replace("0.05", "0.9").replace("0.10", "0.9"), *FILES)
    assert code == 10
    assert [one["location"]["name"] for one in report["findings"]] == ["equal_opportunity_gap"]


def test_golden_rows_in_the_training_data_are_an_error(tmp_path: Path) -> None:
    golden = binary(tmp_path, 0.05)
    (tmp_path / "train").mkdir()
    other = golden.assign(id=[f"t{number}" for number in range(N)])
    other.to_parquet(tmp_path / "train/a.parquet")
    trained = f"{BINARY}\ntraining: train/*.parquet"
    assert gate(tmp_path, trained, *FILES)[0] == 0
    golden.head(3).to_parquet(tmp_path / "train/b.parquet")
    code, report = gate(tmp_path, trained, *FILES)
    assert (code, report["verdict"]) == (3, None)
    assert "3 of 600 golden rows stand in the training data" in report["error"]
    for path in ("a", "b"):
        frame = pd.read_parquet(tmp_path / f"train/{path}.parquet").drop(columns="id")
        (frame.head(0) if path == "b" else frame + 0.0).assign(late=frame["late"]).to_parquet(
            tmp_path / f"train/{path}.parquet"
        )
    code, report = gate(tmp_path, trained, *FILES)
    assert (code, "600 of 600" in report["error"]) == (3, True), "without ids, equal rows are the same rows"
    code, report = gate(tmp_path, f"{BINARY}\ntraining: nothing/*.parquet", *FILES)
    assert (code, "is no file" in report["error"]) == (3, True)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ("rules:\n  - roc_auk: {at_least: 0.5}", 2, "Did you mean 'roc_auc'"),
        ("rules: []", 2, "at least 1 item"),
        ("rules:\n  - f1: {at_least: 0.9}\n  - f1: {at_most: 0.1}", 2, "rules contradict each other"),
        ("rules:\n  - f1: {at_least: 0.9}\n  - r2: {at_least: 0.1}", 2, "never for the same kind"),
        ("rules:\n  - ndcg@10: {at_least: 0.9}", 2, "gate.query"),
        ("rules:\n  - rouge_l: {improve_by: 0.1}\nlabel: nothing", 2, "no column 'nothing'"),
        ("rules:\n  - no.such.metric: {improve_by: 0.1}", 2, "cannot be imported"),
        ("rules:\n  - cost: {no_worse_than: 1%}", 3, "a column `cost`"),
        ("rules:\n  - model_size_mb: {at_most: 5}", 2, "as folders"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, change: str, code: int, said: str) -> None:
    binary(tmp_path)
    settings = f"golden: golden.parquet\n{change}" + ("" if "label" in change else "\nlabel: late")
    found, report = gate(tmp_path, settings, *FILES)
    assert (found, report["verdict"]) == (code, None), report
    assert said in report["error"], report["error"]


class Service(BaseHTTPRequestHandler):
    """Answers with the signal, in MLflow's protocol or one row at a time."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.endswith("/invocations"):
            answer: Any = {"predictions": [row["signal"] for row in sent["dataframe_records"]]}
        else:
            answer = {"score": sent["signal"], "prediction": int(sent["signal"] >= 0.5), "request_id": "1"}
        broken = self.path.startswith("/broken")
        body = b"out of memory" if broken else json.dumps(answer).encode()
        self.send_response(500 if broken else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_running_services_are_asked(tmp_path: Path, url: str) -> None:
    binary(tmp_path)
    settings = f"{BINARY}\n  - latency_p95_ms: {{at_most: 200}}"
    code, report = gate(tmp_path, settings, "--champion", f"{url}/invocations", "--challenger", f"{url}/predict")
    assert code == 0, report
    assert report["measurements"][0]["value"] == 0
    batches = f"{BINARY}\n  - batch_latency_p50_ms: {{at_most: 5000}}"
    both = ("--champion", f"{url}/invocations", "--challenger", f"{url}/invocations")
    assert gate(tmp_path, batches, *both)[0] == 0
    code, report = gate(tmp_path, batches, "--champion", "none", "--challenger", f"{url}/predict")
    assert (code, "takes one row at a time" in report["error"]) == (2, True)
    code, report = gate(tmp_path, settings, "--champion", "none", "--challenger", f"{url}/broken/predict")
    assert (code, "answered 500: out of memory" in report["error"]) == (5, True)
    code, report = gate(tmp_path, settings, "--champion", "none", "--challenger", "http://127.0.0.1:9/predict")
    assert (code, "no answer from" in report["error"]) == (5, True)


MODELS = """
    import os, sys
    from pathlib import Path
    import mlflow, mlflow.pyfunc
    import numpy as np

    class Model(mlflow.pyfunc.PythonModel):
        def __init__(self, kind): self.kind = kind
        def predict(self, context, model_input, params=None):
            signal = model_input["signal"].to_numpy()
            if self.kind == "picky" and (signal > 0.9995 * 0.99).any(): raise ValueError("too much signal")
            if self.kind == "moody" and len(signal) == 1: return signal * 0.5
            if self.kind == "typed" and len(signal) == 1: return ["late" for _ in signal]
            if self.kind == "needy": import no_such_package
            return signal

    folder = Path(sys.argv[1])
    for kind in sys.argv[2:]:
        needs = ["numpy", "iniconfig"] if kind == "other" else ["numpy"]
        mlflow.pyfunc.save_model(folder / kind, python_model=Model(kind), pip_requirements=needs)
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    (folder / "make.py").write_text(dedent(MODELS))
    kinds = ("good", "picky", "moody", "typed", "needy", "other")
    subprocess.run([sys.executable, folder / "make.py", folder, *kinds], check=True, capture_output=True, cwd=folder)
    return folder


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("picky", 5, "too much signal on the row with id r"),
        ("moody", 3, "A model must answer a row one way"),
        ("typed", 3, "A model must answer a row one way"),
        ("needy", 5, "no_such_package"),
    ],
)
def test_a_model_that_answers_some_rows_otherwise_is_caught(
    models: Path, tmp_path: Path, kind: str, code: int, said: str
) -> None:
    golden = binary(tmp_path)
    golden.loc[7, "signal"] = 0.9999
    golden.to_parquet(tmp_path / "golden.parquet")
    found, report = gate(tmp_path, BINARY, "--champion", "none", "--challenger", str(models / kind))
    assert (found, report["verdict"]) == (code, None), report
    assert said in report["error"]
    if kind == "picky":
        assert "r0007" in report["error"]


def test_a_registered_model_is_found_by_its_uri(models: Path, tmp_path: Path) -> None:
    binary(tmp_path)
    script = """
        import sys, mlflow
        from mlflow.tracking import MlflowClient
        mlflow.set_tracking_uri("sqlite:///mlflow.db")
        client = MlflowClient()
        experiment = client.create_experiment("e", artifact_location=sys.argv[2])
        run = client.create_run(experiment)
        client.log_artifacts(run.info.run_id, sys.argv[1], "model")
        client.create_registered_model("m")
        made = client.create_model_version("m", f"{run.info.artifact_uri}/model", run.info.run_id)
        client.set_registered_model_alias("m", "champion", made.version)
        print(run.info.run_id)
    """
    argv: list[str | Path] = [sys.executable, "-c", dedent(script), models / "good", (tmp_path / "artifacts").as_uri()]
    made = subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, text=True)
    run_id = made.stdout.split()[-1]
    code, report = gate(tmp_path, BINARY, "--champion", "models:/m@champion", "--challenger", f"runs:/{run_id}/model")
    assert code == 0, report
    assert report["inputs"]["champion"] == report["inputs"]["model"]
    code, report = gate(tmp_path, BINARY, "--champion", "models:/m@nobody", "--challenger", str(models / "good"))
    assert (code, report["verdict"]) == (5, None)


@pytest.mark.timeout(900)  # it installs a library twice
def test_models_with_other_requirements_run_in_environments_of_their_own(models: Path, tmp_path: Path) -> None:
    binary(tmp_path)
    argv = ("--champion", str(models / "good"), "--challenger", str(models / "other"))
    code, report = gate(tmp_path, f"{BINARY}\nenvironments: shared", *argv)
    assert code == 0, report
    assert not (tmp_path / ".mlops-ci/environments").exists()
    code, report = gate(tmp_path, BINARY, *argv, timeout=900)
    assert code == 0, report
    made = [path for path in (tmp_path / ".mlops-ci/environments").iterdir() if path.is_dir()]
    assert len(made) == 2
    assert sum(bool(list(path.glob("lib/python*/site-packages/iniconfig"))) for path in made) == 1
