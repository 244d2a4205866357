"""What every scanner is given and gives: a place without secrets or network, and issues in one shape."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mlops_ci.errors import MlopsCiError, ProgramFailed, ProgramMissing
from mlops_ci.process import Completed, failure, run

_INHERITED = ("PATH", "LANG", "TMPDIR")
_SPEECH = {"LC_ALL": "C.UTF-8", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
_FOR_NETWORK = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
# A network namespace of its own has no way out. Root needs no other user; anybody else keeps his own name in one.
_ISOLATIONS = (("unshare", "--net", "--"), ("unshare", "--map-current-user", "--net", "--"))


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing a scanner says, in its own words; paths are relative to what it was given."""

    rule: str
    title: str
    text: str = ""
    severity: str = ""  # the scanner's own word; empty where it has none
    path: str | None = None
    line: int | None = None
    column: int | None = None
    end: int | None = None  # last line
    name: str = ""  # a resource, an imported name, a column of data
    url: str = ""
    aliases: tuple[str, ...] = ()  # the same vulnerability by other names
    package: str = ""
    version: str = ""
    fixed: str = ""  # the versions that have the problem no more
    score: float | None = None  # CVSS
    of_system: bool = False  # a package of the operating system
    kind: str = ""  # vulnerability, secret, licence, …, where it does not follow from what was looked at


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that a scanner was given and could not understand."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Look:
    """What one scanner saw."""

    issues: tuple[Issue, ...] = ()
    unread: tuple[Unread, ...] = ()
    binary: int = 0  # files that are no text, where only text is looked at


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where a scanner works: an empty current folder, which is its home, too, and what it looks at beside it."""

    program: str
    folder: Path  # what is looked at
    home: Path
    timeout: float  # seconds
    needs_network: bool = False
    version: str = field(default="", compare=False)

    def run(self, *words: str | Path, ok: Collection[int] = (0,), env: Mapping[str, str] | None = None) -> Completed:
        """Run the scanner, with `env` added to its environment; any code that is not `ok` is a crash.

        Raises:
            ProgramMissing: it is not there any more.
            ProgramFailed: it crashed, or took too long.
        """
        argv = [*(() if self.needs_network else isolation()), self.program, *(str(word) for word in words)]
        done = run(
            argv,
            cwd=self.home,
            env={"HOME": str(self.home), **_SPEECH, **(env or {})},
            inherit=(*_INHERITED, *(_FOR_NETWORK if self.needs_network else ())),
            timeout=self.timeout,
            check=False,
        )
        if done.code not in ok:
            raise ProgramFailed(failure(done))
        return done

    def json(self, *words: str | Path, ok: Collection[int] = (0,)) -> Any:  # noqa: ANN401 - whatever it printed
        """Run the scanner and return the JSON it printed; raise ProgramFailed when it is none."""
        return self.parse(self.run(*words, ok=ok).stdout)

    def parse(self, text: str) -> Any:  # noqa: ANN401 - whatever it printed
        """Return JSON as data; raise ProgramFailed when it is none."""
        try:
            return json.loads(text)
        except ValueError as problem:
            raise ProgramFailed(f"{Path(self.program).name} printed what is no JSON: {text[:80]!r}") from problem

    def relative(self, path: str) -> str:
        """Return a path that the scanner named as one relative to what it was given."""
        inside = path.removeprefix(f"{self.folder}/")
        return inside.removeprefix("./").removeprefix("/")


@cache
def isolation() -> tuple[str, ...]:
    """Return the words that run a program without network; none where this machine forbids it to us."""
    for words in _ISOLATIONS:
        try:
            if run([*words, "true"], check=False, timeout=10).code == 0:
                return words
        except (ProgramMissing, ProgramFailed):
            continue
    return ()


def malformed(program: str, problem: Exception) -> MlopsCiError:
    """Return the failure that a scanner's output has another shape than its version promises."""
    return ProgramFailed(f"{program} printed what its version does not promise: {type(problem).__name__}: {problem}")
