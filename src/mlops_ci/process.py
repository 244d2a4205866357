"""Run other programs: argv lists only, resolved first, bounded in time, and nothing left behind."""

import json
import os
import re
import selectors
import shutil
import signal
import subprocess  # noqa: TID251 - this module is the one that may
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self, cast

from mlops_ci.errors import ProgramFailed, ProgramMissing

_RUNNING: "set[subprocess.Popen[bytes]]" = set()  # what `run` waits for, in any thread
SECRET = re.compile(r"(?i)((?:token|password|secret|authorization)[=: ]+|://[^/\s:@]+:)[^\s@]+")

NO_SECRETS = {f"MLOPS_CI_{name}": "" for name in ("GIT_TOKEN", "SIGNING_KEY", "MODEL_KEY")}
"""What a program that runs a repository's own code gets in its environment instead of ours."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for that many seconds."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program that has ended left."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float


def redact(text: str) -> str:
    """Return `text` without the values of tokens, passwords and URL credentials."""
    return SECRET.sub(r"\1***", text)


def search_path(*first: Path) -> str:
    """Return a PATH that begins with some folders, and ends with the one of the running interpreter."""
    return os.pathsep.join([*map(str, first), os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


def resolve(program: str, *, remedy: str = "") -> str:
    """Return the path of an executable, looked up on PATH and then beside the running interpreter.

    Raises:
        ProgramMissing: it is in neither place.
    """
    beside = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    found = shutil.which(program, path=beside)
    if found is None:
        raise ProgramMissing(f"{program} was not found on PATH. {remedy or f'Install {program}.'}")
    return found


def run(  # noqa: PLR0913 - each is a property of one call
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    inherit: Collection[str] | None = None,
    timeout: float = 120.0,
    stdin: str | bytes = b"",
    check: bool = True,
    grace: float = 10.0,
    echo: IO[str] | None = None,
) -> Completed:
    """Run a program to its end and return what it printed.

    The program gets a session of its own: a Ctrl-C at the terminal reaches only us, and we pass it on. With
    `echo`, its stderr goes there as it appears instead of into the result. It sees our environment and `env`; with
    `inherit`, of ours only the variables of these names.

    Raises:
        ProgramMissing: the executable cannot be found.
        ProgramFailed: it ran longer than `timeout` seconds, or (with `check`) ended with another code than 0.
    """
    words = (resolve(str(argv[0])), *(str(word) for word in argv[1:]))
    began = time.monotonic()
    ours = {name: value for name, value in os.environ.items() if inherit is None or name in inherit}
    process = subprocess.Popen(
        words,
        cwd=cwd,
        env={**ours, **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=echo or subprocess.PIPE,
        start_new_session=True,
    )
    data = stdin.encode() if isinstance(stdin, str) else stdin
    _RUNNING.add(process)
    try:
        out, err = process.communicate(data, timeout=timeout)
    except subprocess.TimeoutExpired as late:
        _end(process, grace)
        raise ProgramFailed(f"{_name(words)} did not finish within {timeout:g} s.") from late
    except BaseException:
        _end(process, grace)
        raise
    finally:
        _RUNNING.discard(process)
    done = Completed(
        words,
        process.returncode,
        out.decode(errors="replace"),
        (err or b"").decode(errors="replace"),
        time.monotonic() - began,
    )
    if check and done.code:
        raise ProgramFailed(failure(done))
    return done


def end_running(grace: float = 1.0) -> None:
    """End every program that `run` waits for, in any thread: whoever was interrupted must not wait for them."""
    for process in list(_RUNNING):
        _end(process, grace, streams=False)


def failure(done: Completed) -> str:
    """Return one paragraph with the command, its code and the last lines of both streams."""
    said = "\n".join(done.stderr.strip().splitlines()[-12:] + done.stdout.strip().splitlines()[-4:])
    return redact(f"{_name(done.argv)} ended with code {done.code}.\n{said}".strip())


def _name(words: Sequence[str]) -> str:
    return redact(" ".join([Path(words[0]).name, *words[1:]])[:200])


def _end(process: "subprocess.Popen[bytes]", grace: float, *, streams: bool = True) -> None:
    """Ask a program's whole session to end, then insist; its streams are closed unless another thread reads them."""
    for name, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, name)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            break
    for stream in (process.stdin, process.stdout, process.stderr) if streams else ():
        if stream:
            stream.close()


@dataclass(frozen=True, slots=True)
class Detached:
    """A service that outlives us, named so that another process can find exactly it again."""

    pid: int
    started: float  # seconds, as the operating system records it: a recycled pid has another

    def to_json(self) -> dict[str, float]:
        """Return the identity as plain data."""
        return {"pid": self.pid, "started": self.started}


# The program's parent ends at once: it is nobody's child, so it stays when we go (Envoy ends with its parent).
_LAUNCHER = """
import subprocess, sys
log, *argv = sys.argv[1:]
with open(log, "ab") as sink:
    streams = {"stdin": subprocess.DEVNULL, "stdout": sink, "stderr": sink}
    print(subprocess.Popen(argv, start_new_session=True, **streams).pid)
"""


def spawn(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], log: Path) -> Detached:
    """Start a program that outlives this process, in a session of its own, its output appended to `log`.

    Raises:
        ProgramMissing: the executable cannot be found.
        ProgramFailed: it cannot be started.
    """
    words = [resolve(str(argv[0])), *argv[1:]]
    env = {"RUNNER_TRACKING_ID": "", **env}  # GitHub's runner ends whatever has its job's when the job ends
    launched = run([sys.executable, "-I", "-S", "-c", _LAUNCHER, log, *words], cwd=cwd, env=env, timeout=10)
    return identity(int(launched.stdout))


def identity(pid: int) -> Detached:
    """Return what tells a running process from a later one of the same pid."""
    return Detached(pid, _start_time(pid))


def alive(service: Detached) -> bool:
    """Say whether exactly this process still runs (a zombie or a recycled pid does not count)."""
    import psutil

    try:
        same = abs(_start_time(service.pid) - service.started) < 0.05  # noqa: PLR2004 - clock ticks are 0.01 s
        return same and psutil.Process(service.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop(service: Detached, *, grace: float = 10.0) -> None:
    """End a detached service and its whole session: ask, wait up to `grace` seconds, then insist."""
    for name, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        if not alive(service):
            return
        with suppress(ProcessLookupError):
            os.killpg(service.pid, name)
        end = time.monotonic() + patience
        while alive(service) and time.monotonic() < end:
            time.sleep(0.02)


def _start_time(pid: int) -> float:
    """Return when a process began, 0 when there is none: in seconds since the machine's start where it has /proc.

    The time of day would move with the machine's clock, and make of a process another one.
    """
    import psutil

    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return float(fields[19]) / os.sysconf("SC_CLK_TCK")
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return 0.0


class Conversation:
    """A program that answers one JSON line for each JSON line it is asked; ended with the `with` block."""

    def __init__(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
        """Start the program; its stderr goes to `log`."""
        self.log = log
        self._words = [resolve(str(argv[0])), *(str(word) for word in argv[1:])]
        self._buffer = b""
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                self._words,
                cwd=cwd,
                env={**os.environ, **env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                start_new_session=True,
            )
        self._stdin, self._stdout = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._process, 2.0)

    def ask(self, question: Mapping[str, Any], *, timeout: float) -> dict[str, Any]:
        """Send one question and return its answer.

        Raises:
            ProgramFailed: no answer within `timeout` seconds, the program ended, or it answered nonsense.
        """
        try:
            self._stdin.write(json.dumps(question).encode() + b"\n")
            self._stdin.flush()
            answer = json.loads(self._line(time.monotonic() + timeout))
        except (BrokenPipeError, ValueError) as broken:
            raise ProgramFailed(f"{_name(self._words)} gave no answer.\n{self._tail()}".strip()) from broken
        if not isinstance(answer, dict):
            raise ProgramFailed(f"{_name(self._words)} answered with something that is not an object.")
        return answer

    def _line(self, deadline: float) -> bytes:
        stdout = self._stdout
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise ProgramFailed(f"{_name(self._words)} did not answer in time; it seems to hang.")
                chunk = os.read(stdout.fileno(), 65536)
                if not chunk:
                    raise BrokenPipeError
                self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-12:])
