"""Versions as processes of this machine; which ones run stands in files, so any process can go on."""

from dataclasses import dataclass
from pathlib import Path

from mlops_ci.net import free_port
from mlops_ci.process import NO_SECRETS, Detached, alive, spawn, stop
from mlops_ci.traffic.engine import Workload
from mlops_ci.traffic.services import LAST_WORDS, file_of, read, write


@dataclass(frozen=True, slots=True)
class Processes:
    """The services of one model in one environment, each in a session of its own."""

    folder: Path

    def start(self, workload: Workload) -> None:
        """Start a version with the release's own code on its path."""
        port, name = free_port(), workload.name
        env = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "MODEL_PATH": str(workload.model),
            "MODEL_DIGEST": workload.model_digest,
            "RELEASE": name,
            "REQUEST_LOG": str(self.request_log(name)),
            "PYTHONPATH": str(workload.code / "src"),
            **NO_SECRETS,
        }
        service = spawn(workload.command, cwd=workload.code, env=env, log=file_of(self.folder, name, "log"))
        write(file_of(self.folder, name, "json"), {**service.to_json(), "port": port})

    def running(self, name: str) -> bool:
        """Say whether a version's process runs."""
        service = self._service(name)
        return service is not None and alive(service)

    def ports(self) -> dict[str, int]:
        """Return the ports that the versions were told to listen on."""
        found = ((path.stem, read(path)) for path in (self.folder / "services").glob("*.json"))
        return {name: int(raw["port"]) for name, raw in found if raw}

    def request_log(self, name: str) -> Path:
        """Return the file that the version is told to write to."""
        return file_of(self.folder, name, "requests.jsonl")

    def last_words(self, name: str) -> str:
        """Return the end of a version's output."""
        lines = file_of(self.folder, name, "log").read_text(errors="replace").strip().splitlines()
        return "\n".join(lines[-LAST_WORDS:])

    def end(self, name: str) -> None:
        """Stop a version's whole session: ask, then insist."""
        if service := self._service(name):
            stop(service)
        file_of(self.folder, name, "json").unlink(missing_ok=True)

    def _service(self, name: str) -> Detached | None:
        raw = read(file_of(self.folder, name, "json"))
        return Detached(int(raw["pid"]), raw["started"]) if raw else None
