"""Docker: which image a name means now, and containers that may use no more than they were given."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mlops_ci import process
from mlops_ci.errors import NothingToJudge, ProgramFailed, ProgramMissing

_REMEDY = "Install Docker, or scan an archive of the image."
_ANSWERS_WITHIN = 30  # seconds
_BUILD_SILENCE = 900  # seconds that a build may say nothing: installing requirements is silent for long


def image_id(reference: str) -> str:
    """Return the digest of the image that a reference names on this machine.

    Raises:
        NothingToJudge: there is no such image.
        ProgramMissing, ProgramFailed: Docker is not installed, or its engine does not answer.
    """
    docker = process.resolve("docker", remedy=_REMEDY)
    done = process.run([docker, "image", "inspect", "--format", "{{.Id}}", "--", reference], check=False, timeout=60)
    if done.code == 0:
        return done.stdout.strip()
    if "no such image" in done.stderr.casefold():
        raise NothingToJudge(f"Docker has no image {reference} on this machine. Build or pull it first.")
    raise ProgramFailed(process.failure(done))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may use at most."""

    memory: int  # bytes; no swap beside it
    cpus: float
    processes: int = 512


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine describes it."""

    name: str
    labels: Mapping[str, str]
    running: bool
    port: int | None  # on the loopback address; only a running one has any


class Docker:
    """A connection to the Docker engine that DOCKER_HOST names, or this machine's; made at the first question."""

    def pull(self, reference: str) -> str:
        """Return the image that a reference with a digest names, fetched when this machine lacks it.

        Raises:
            ProgramFailed: it cannot be fetched.
        """
        from docker.errors import ImageNotFound

        with _asking(f"fetch {reference}"):
            try:
                return str(self._client.images.get(reference).id)
            except ImageNotFound:
                return str(self._client.images.pull(reference).id)

    def image(self, labels: Mapping[str, str]) -> str | None:
        """Return the newest image that has all these labels."""
        with _asking("list images"):
            found = self._client.api.images(filters={"label": _pairs(labels)})
        return max(found, key=lambda one: int(one["Created"]))["Id"] if found else None

    def build(self, context: Path, labels: Mapping[str, str], network: str) -> str:
        """Return the image that the Dockerfile in a folder makes, given these labels.

        Args:
            context: the folder; its `.dockerignore` counts.
            labels: to find the image again by.
            network: Docker's network in which the build's commands run.

        Raises:
            ProgramFailed: the build failed; the message has the end of what it said.
        """
        from docker.errors import BuildError

        with _asking("build the image"):
            try:
                built, _ = self._client.images.build(
                    path=str(context), labels=dict(labels), network_mode=network, rm=True, forcerm=True,
                    timeout=_BUILD_SILENCE,
                )  # fmt: skip
            except BuildError as failure:
                said = "".join(str(one.get("stream", "")) for one in failure.build_log).strip().splitlines()
                end = process.redact("\n".join([*said[-12:], str(failure)]))
                raise ProgramFailed(f"The image cannot be built from the release's Dockerfile.\n{end}") from failure
        return str(built.id)

    def push(self, image: str, repository: str, tag: str) -> str:
        """Push an image to a repository of a registry, and return the digest by which that knows it.

        Raises:
            ProgramFailed: it cannot be pushed; who is not signed in there reads so.
        """
        with _asking(f"push to {repository}"):
            self._client.images.get(image).tag(repository, tag)
            said = list(self._client.images.push(repository, tag=tag, stream=True, decode=True))
        if failures := [str(one["error"]) for one in said if "error" in one]:
            raise ProgramFailed(f"Docker could not push to {repository}: {process.redact(failures[0])}")
        return next(str(one["aux"]["Digest"]) for one in said if "Digest" in one.get("aux", {}))

    def start(
        self,
        image: str,
        name: str,
        *,
        env: Mapping[str, str],
        labels: Mapping[str, str],
        volumes: Mapping[Path, tuple[str, str]],
        port: int,
        limits: Limits,
    ) -> None:
        """Start a container that can write only to `/tmp` and to volumes, and gains no privileges.

        Args:
            image: by digest.
            name: unique on this engine.
            env: its environment.
            labels: to find it again by.
            volumes: folder here → folder there, and `ro` or `rw`.
            port: on which it listens; a free one of the loopback address leads there.
            limits: a container that wants more memory is killed.

        Raises:
            ProgramFailed: it cannot be started.
        """
        with _asking(f"start {name}"):
            self._client.containers.run(
                image,
                name=name,
                detach=True,
                environment=dict(env),
                labels=dict(labels),
                volumes={str(here): {"bind": there, "mode": mode} for here, (there, mode) in volumes.items()},
                ports={f"{port}/tcp": ("127.0.0.1", None)},
                read_only=True,
                tmpfs={"/tmp": "rw,noexec,nosuid,size=64m"},  # noqa: S108 - the container's
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                mem_limit=limits.memory,
                memswap_limit=limits.memory,
                nano_cpus=int(limits.cpus * 1e9),
                pids_limit=limits.processes,
                log_config={"type": "json-file", "config": {"max-size": "10m", "max-file": "2"}},
            )

    def containers(self, labels: Mapping[str, str]) -> list[Container]:
        """Return the containers, ended ones too, that have all these labels."""
        with _asking("list containers"):
            found = self._client.api.containers(all=True, filters={"label": _pairs(labels)})
        return [_container(raw) for raw in found]

    def last_words(self, name: str, lines: int) -> str:
        """Return the end of a container's output, and what killed it when that was its memory limit."""
        with _asking(f"read the log of {name}"):
            said = self._client.api.logs(name, tail=lines).decode(errors="replace").strip()
            state = self._client.api.inspect_container(name)["State"]
        return f"{said}\n(killed: it wanted more memory than its limit)" if state["OOMKilled"] else str(said)

    def end(self, name: str, *, grace: int = 10) -> None:
        """Stop a container and remove it: ask, wait up to `grace` seconds, then insist."""
        from docker.errors import NotFound

        with _asking(f"stop {name}"):
            try:
                self._client.api.stop(name, timeout=grace)
                self._client.api.remove_container(name, force=True)
            except NotFound:
                return

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - the library has no types
        try:
            import docker
        except ImportError as missing:
            raise ProgramMissing("Containers need the package docker. Install: mlops-ci[canary].") from missing
        with _asking("reach the Docker engine"):
            return docker.from_env(timeout=_ANSWERS_WITHIN)


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """Turn every failure of the engine, and of the way to it, into ProgramFailed."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException) as failure:
        raise ProgramFailed(f"Docker could not {what}: {process.redact(str(failure))}") from failure


def _pairs(labels: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in labels.items()]


def _container(raw: Mapping[str, Any]) -> Container:
    ports = [one["PublicPort"] for one in raw.get("Ports") or () if one.get("PublicPort")]
    return Container(
        raw["Names"][0].removeprefix("/"), raw["Labels"], raw["State"] == "running", ports[0] if ports else None
    )
