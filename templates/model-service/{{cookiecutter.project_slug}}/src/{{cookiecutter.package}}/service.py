"""Serves the model over HTTP; no prediction leaves before it stands in the request log."""

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from types import FrameType
from typing import Annotated, Any

import mlflow.sklearn
import sklearn
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from threadpoolctl import threadpool_limits

import {{cookiecutter.package}}
from {{cookiecutter.package}} import request, task
from {{cookiecutter.package}}.journal import Entry, Journal, known_as

LOG = logging.getLogger(__name__)
MASK = "(sensitive)"
WARM_UPS = 20


class Model:
    """The model in its folder; not ready until it has answered the first requests."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pipeline: Any = None

    def load(self) -> None:
        """Read the model and let it answer an example until its caches are warm."""
        # The model meets the feature code that it was trained with, not this checkout's.
        code = self.path / "code" / {{cookiecutter.package}}.__name__
        {{cookiecutter.package}}.__path__.insert(0, str(code))
        pipeline = mlflow.sklearn.load_model(str(self.path))
        example = json.loads((self.path / "example.json").read_text())
        for _ in range(WARM_UPS):
            getattr(pipeline, task.METHOD)([example])
        self.pipeline = pipeline

    def answer(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return what the model says about one request."""
        found = getattr(self.pipeline, task.METHOD)([inputs])
        return task.answer(found[0])


def create_app(model: Model, journal: Journal, wanted: request.Request) -> FastAPI:
    """Return the service, which answers 503 until the model is loaded."""
    app = FastAPI(title="{{cookiecutter.project_name}}")
    add_predictions(app, model, journal, wanted)
    add_probes(app, model, journal)
    return app


def add_predictions(app: FastAPI, model: Model, journal: Journal, wanted: request.Request) -> None:
    """Add the endpoint for predictions; its time starts when a request has been read."""

    @app.exception_handler(RequestValidationError)
    async def refuse(_request: Request, error: RequestValidationError) -> Response:
        # Neither echoed nor logged: what was sent may be anything. A field's name helps, if short.
        wrong = [
            {"field": str(item["loc"][-1])[:40], "message": item["msg"]} for item in error.errors()
        ]
        journal.write(Entry(status=422))
        return JSONResponse({"detail": wrong}, 422)

    @app.post("/predict")
    async def predict(inputs: Annotated[dict[str, Any], wanted], asked: Request) -> Response:
        # Not in a thread: a prediction takes less time than handing it over.
        entry = Entry(inputs | dict.fromkeys(wanted.sensitive, MASK))
        entry.request_id = known_as(asked.headers.get("x-request-id")) or entry.request_id
        answer = answer_to(entry, inputs, model)
        journal.write(entry)
        return JSONResponse(
            {
                "request_id": entry.request_id,
                **answer,
                "model_digest": journal.model_digest,
                "release": journal.release,
            },
            entry.status,
        )


def answer_to(entry: Entry, inputs: dict[str, Any], model: Model) -> dict[str, Any]:
    """Return what to say about the inputs; fill in the status and the output of the entry."""
    if model.pipeline is None:
        entry.status = 503
        return {"detail": "The model is not loaded yet."}
    try:
        answer = model.answer(inputs)
    except Exception:
        LOG.exception("The prediction failed: request %s", entry.request_id)
        entry.status = 500
        return {"detail": "The prediction failed."}
    entry.output = answer
    return answer


def add_probes(app: FastAPI, model: Model, journal: Journal) -> None:
    """Add what tells others how the service is doing."""

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> Response:
        if model.pipeline is None:
            return JSONResponse({"status": "loading"}, 503)
        return JSONResponse({"status": "ready"})

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(journal.metrics(), media_type=CONTENT_TYPE_LATEST)


async def serve(model: Model, config: uvicorn.Config, listening: socket) -> None:
    """Answer at once and load meanwhile, so that probes can tell loading from dead."""
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        await asyncio.to_thread(model.load)
    finally:
        server.should_exit = server.should_exit or model.pipeline is None
        await serving


def ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: uvicorn repeats SIGTERM once it has finished, and then main returns."""


def main() -> None:
    """Serve until SIGTERM, as the environment says."""
    env = os.environ
    try:
        wanted = request.read(Path(env.get("REQUEST_SCHEMA", "contracts/request.json")))
    except (OSError, ValueError) as error:
        sys.exit(f"The request schema cannot be enforced: {error}")
    model = Model(Path(env.get("MODEL_PATH", "models/current")))
    journal = Journal(env.get("MODEL_DIGEST"), env.get("RELEASE"), env.get("REQUEST_LOG"))
    host, port = env.get("HOST", "127.0.0.1"), int(env.get("PORT", "8080"))
    config = uvicorn.Config(create_app(model, journal, wanted), host, port, access_log=False)
    listening = config.bind_socket()
    # Else the kernel holds back the end of each answer, for 40 milliseconds.
    listening.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    signal.signal(signal.SIGTERM, ignore)
    # Rows come one at a time: checks and threads made for tables would cost more than the work.
    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
    threadpool_limits(1)
    try:
        asyncio.run(serve(model, config, listening))
    except Exception as error:  # noqa: BLE001 - one sentence, whatever the reason
        sys.exit(f"The model in {model.path} cannot be loaded: {error}")
    finally:
        journal.close()


if __name__ == "__main__":
    main()
