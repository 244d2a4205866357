"""MLflow, the model registry: a server by URL or a SQLite file."""

import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlops_ci.errors import NothingToJudge, ProgramFailed
from mlops_ci.net import Client

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Version:
    """A registered model version."""

    name: str
    version: str
    run_id: str
    tags: Mapping[str, str]


class Registry:
    """The models registered at one tracking URI.

    Raises:
        ProgramFailed: the server does not answer or refuses (any method).
    """

    def __init__(self, uri: str, root: Path) -> None:
        """Connect; the path of a relative SQLite URI is relative to `root`."""
        self._root = root
        self.uri = uri
        if uri.startswith(_SQLITE):
            self.uri = f"{_SQLITE}{root / uri.removeprefix(_SQLITE)}"
        elif urlsplit(uri).scheme in {"http", "https"}:
            _demand_answer(uri)
        self._client = _client(self.uri)

    @property
    def is_local(self) -> bool:
        """Say whether it is a file on this machine."""
        return self.uri.startswith(_SQLITE)

    def find(self, name: str, version: str | None = None) -> Version:
        """Return a version of a model, the newest by default; raise NothingToJudge when there is none."""
        with _talking(self.uri):
            found = self._client.search_model_versions(f"name='{name}'")
        wanted = [one for one in found if version is None or str(one.version) == version]
        if not wanted:
            which = f"version {version} of {name}" if version else f"model {name}"
            raise NothingToJudge(f"There is no {which} in {self.uri}. Register it first: mlops-ci register-model.")
        newest = max(wanted, key=lambda one: int(one.version))
        return Version(name, str(newest.version), newest.run_id, dict(newest.tags))

    def find_by_digest(self, name: str, tag: str, digest: str) -> Version | None:
        """Return the version of a model whose tag holds a digest; None when there is none."""
        with _talking(self.uri):
            found = self._client.search_model_versions(f"name='{name}'")
        for one in found:
            if one.tags.get(tag) == digest:
                return Version(name, str(one.version), one.run_id, dict(one.tags))
        return None

    def register(
        self,
        name: str,
        model: Path,
        *,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
        evidence: Mapping[str, bytes],
    ) -> Version:
        """Log a model folder and its evidence to a new run, and make it a version of `name`.

        Args:
            name: the registered model; made when it is new.
            model: an MLflow model folder.
            tags: put on the run and the version.
            metrics: logged to the run.
            evidence: file name → content, stored in the run under `evidence/`.
        """
        with _talking(self.uri):
            run = self._client.create_run(self._experiment(name), tags=dict(tags), run_name=f"{name} release")
            for key, value in metrics.items():
                self._client.log_metric(run.info.run_id, key, value)
            self._client.log_artifacts(run.info.run_id, str(model), "model")
            for file, content in evidence.items():
                self._client.log_text(run.info.run_id, content.decode(), f"evidence/{file}")
            self._client.set_terminated(run.info.run_id)
            _create_if_new(self._client, name)
            source = f"{run.info.artifact_uri}/model"
            made = self._client.create_model_version(name, source, run.info.run_id, tags=dict(tags))
        return Version(name, str(made.version), run.info.run_id, dict(tags))

    def download(self, version: Version, folder: Path) -> Path:
        """Copy a version's model into a new folder, whole or not at all, and return the folder."""
        if folder.is_dir():
            return folder
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        with _talking(self.uri):
            got = Path(self._client.download_artifacts(version.run_id, "model", str(partial)))
        got.rename(folder)
        shutil.rmtree(partial, ignore_errors=True)
        return folder

    def fetch(self, uri: str, folder: Path) -> Path:
        """Copy the model at an MLflow URI, such as models:/name@alias or runs:/id/model, into a new folder."""
        from mlflow.artifacts import download_artifacts

        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with _talking(self.uri):
            got = download_artifacts(
                artifact_uri=uri, dst_path=str(folder), tracking_uri=self.uri, registry_uri=self.uri
            )
        return Path(got)

    def evidence(self, version: Version, file: str, folder: Path) -> bytes | None:
        """Return a file stored with `register`; None when the run has none of that name."""
        with _talking(self.uri):
            listed = {one.path for one in self._client.list_artifacts(version.run_id, "evidence")}
            if f"evidence/{file}" not in listed:
                return None
            folder.mkdir(parents=True, exist_ok=True)
            path = Path(self._client.download_artifacts(version.run_id, f"evidence/{file}", str(folder)))
        return path.read_bytes()

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        where = (self._root / "mlartifacts").resolve().as_uri() if self.is_local else None
        return str(self._client.create_experiment(name, artifact_location=where))


def version() -> str:
    """Return the installed MLflow's version, without importing it."""
    from importlib.metadata import version as installed

    return installed("mlflow-skinny")  # the whole one has this part, too, in the same version


def _client(uri: str) -> Any:  # noqa: ANN401 - MLflow publishes no types
    from mlflow import environment_variables
    from mlflow.tracking import MlflowClient

    quick = {"ENABLE_ARTIFACTS_PROGRESS_BAR": False, "HTTP_REQUEST_MAX_RETRIES": 2, "HTTP_REQUEST_TIMEOUT": 20}
    for knob, value in quick.items():
        getattr(environment_variables, f"MLFLOW_{knob}").set(value)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with _talking(uri):
        return MlflowClient(uri)


def _create_if_new(client: Any, name: str) -> None:  # noqa: ANN401 - MLflow publishes no types
    if not client.search_registered_models(f"name='{name}'"):
        client.create_registered_model(name)


def _demand_answer(uri: str) -> None:
    """Ask a server for its health first: MLflow itself would go on trying for minutes."""
    answer = Client(timeout=5.0).get(f"{uri.rstrip('/')}/health")
    if answer.status >= 500:  # noqa: PLR2004 - servers behind a login answer 401 or 404, and are alive
        raise ProgramFailed(f"The MLflow server {uri} answered {answer.status}. Try again when it is well.")


@contextmanager
def _talking(uri: str) -> Iterator[None]:
    """Turn what MLflow and its database raise into one sentence."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError) as problem:
        said = str(problem).splitlines()[0][:300]
        raise ProgramFailed(
            f"MLflow at {uri} failed: {said}. Check tracking_uri and that it can be reached."
        ) from problem
