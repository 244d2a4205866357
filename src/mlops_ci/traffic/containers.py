"""Versions as containers held in by limits; labels say which ones run, so any process can go on."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mlops_ci.errors import ProgramFailed
from mlops_ci.tools.docker import Container, Limits
from mlops_ci.traffic.engine import NeverReady, Workload
from mlops_ci.traffic.images import DIGEST, Recipe
from mlops_ci.traffic.services import LAST_WORDS, file_of

_PLACE, _RELEASE = "io.mlops-ci.place", "io.mlops-ci.release"
_PORT = 8080  # inside
_MODEL, _LOGS = "/model", "/requests"
_LOG_LINES = 2000  # kept of a container that is gone


@dataclass(frozen=True, slots=True)
class Containers:
    """The services of one model in one environment; the image's own command serves the model on PORT."""

    folder: Path
    limits: Limits
    recipe: Recipe

    def start(self, workload: Workload) -> None:
        """Start a version from its release's image, or from the image that its commit's Dockerfile makes."""
        image = self.recipe.docker.pull(workload.image) if workload.image else self._made(workload)
        logs = self.request_log(workload.name).parent
        logs.mkdir(exist_ok=True)
        logs.chmod(0o777)  # the image's user is anybody; it reaches nothing else of this machine
        env = {
            "HOST": "0.0.0.0",  # noqa: S104 - inside the container; outside it is the loopback address
            "PORT": str(_PORT),
            "MODEL_PATH": _MODEL,
            "MODEL_DIGEST": workload.model_digest,
            "RELEASE": workload.name,
            "REQUEST_LOG": f"{_LOGS}/requests.jsonl",
        }
        labels = {**self._place, _RELEASE: workload.name, DIGEST: workload.model_digest}
        volumes = {workload.model: (_MODEL, "ro"), logs: (_LOGS, "rw")}
        try:
            self.recipe.docker.start(
                image, self._name(workload.name), env=env, labels=labels, volumes=volumes, port=_PORT,
                limits=self.limits,
            )  # fmt: skip
        except ProgramFailed as failure:
            self.recipe.docker.end(self._name(workload.name))
            raise NeverReady(f"{workload.name} cannot be started: {failure}") from failure

    def running(self, name: str) -> bool:
        """Say whether a version's container runs."""
        return any(one.running for one in self._found() if one.labels[_RELEASE] == name)

    def ports(self) -> dict[str, int]:
        """Return the ports that lead to the versions; 1, where nobody listens, to one that has ended."""
        return {one.labels[_RELEASE]: one.port or 1 for one in self._found()}

    def request_log(self, name: str) -> Path:
        """Return the file in the one folder that the version can write to."""
        return file_of(self.folder, name, "requests") / "requests.jsonl"

    def last_words(self, name: str) -> str:
        """Return the end of a version's output."""
        return self.recipe.docker.last_words(self._name(name), LAST_WORDS)

    def end(self, name: str) -> None:
        """Stop a version's container and remove it, its output kept in a file."""
        if any(one.labels[_RELEASE] == name for one in self._found()):
            log = self.recipe.docker.last_words(self._name(name), _LOG_LINES)
            file_of(self.folder, name, "log").write_text(f"{log}\n")
            self.recipe.docker.end(self._name(name))

    @property
    def _place(self) -> dict[str, str]:
        return {_PLACE: str(self.folder)}

    def _found(self) -> list[Container]:
        return self.recipe.docker.containers(self._place)

    def _name(self, release: str) -> str:
        """Return a name that is another one in each environment of each model."""
        return f"mlops-ci-{sha256(str(self.folder).encode()).hexdigest()[:12]}-{release}"

    def _made(self, workload: Workload) -> str:
        return self.recipe.image(workload.code, workload.model, workload.commit, workload.model_digest)
