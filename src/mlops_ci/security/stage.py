"""What a scanner gets to see: a mirror of exactly the files that concern it, under names that confuse nobody."""

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlops_ci.scanner import Look, Unread

_LARGE = 4 * 1024**2  # bytes
_SAFE = re.compile(r"[\w.+@=,~%()\[\]{} -]{1,200}")
# A repository must not tell a scanner what to overlook: under another name, these are files like any other.
_SETTINGS = re.compile(
    r"\.?(checkov|hadolint|bandit|zizmor|actionlint|modelscan-settings|trivy|trivy-secret|gitleaks)\.(ya?ml|toml|ini)"
    r"|\.bandit|\.trivyignore.*|\.gitleaksignore|\.gitignore|\.ignore"
)
# What Trivy leaves out of its search for secrets by its name, although it may be text.
_LEFT_OUT = re.compile(
    r"(^|/)node_modules/|(^|/)(go\.(mod|sum)|package-lock\.json|yarn\.lock|pnpm-lock\.yaml|Pipfile\.lock|Gemfile\.lock)$"
    r"|\.(jpg|png|gif|doc|pdf|bin|svg|socket|deb|rpm|zip|gz|gzip|tar|xz|bz2|7z|exe|dll|so|class|jar|pyc|ico|woff2?|ttf)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A mirror; `names` leads from its names back to the real ones, where they differ."""

    folder: Path
    names: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    binary: int = 0  # files that are no text; counted where only text is looked at

    @property
    def aliases(self) -> dict[str, str]:
        """Return real name → name in the mirror, where they differ."""
        return {real: alias for alias, real in self.names.items()}

    def real(self, look: Look) -> Look:
        """Return what a scanner saw with the files' real names."""
        issues = (replace(one, path=self._real(one.path)) if one.path else one for one in look.issues)
        unread = (replace(one, path=self._real(one.path)) for one in look.unread)
        return Look(tuple(issues), (*unread, *self.unread), self.binary)

    def _real(self, path: str) -> str:
        return self.names.get(path, path)


def mirror(root: Path, files: Iterable[str], folder: Path, *, as_text: bool = False) -> Stage:
    """Lay out files below a new folder as copies; large ones are links to the same content where that is possible.

    With `as_text`, text gets no name by which a scanner for secrets would leave it out.
    """
    names, unread, binary = dict[str, str](), list[Unread](), 0
    folder.mkdir(parents=True)
    for index, file in enumerate(files):
        try:
            is_binary = as_text and _is_binary(root / file)
            binary += is_binary
            alias = "/".join(_alias(part, index) for part in file.split("/"))
            if as_text and not is_binary and _LEFT_OUT.search(alias):
                alias = f"unusual-name-{index}.txt"
            (folder / alias).parent.mkdir(parents=True, exist_ok=True)
            _bring(root / file, folder / alias)
        except OSError as problem:
            unread.append(Unread(file, str(problem.strerror)))
        else:
            names |= {alias: file} if alias != file else {}
    return Stage(folder, names, tuple(unread), binary)


def _alias(part: str, index: int) -> str:
    if _SAFE.fullmatch(part) and not part.startswith("-") and not _SETTINGS.fullmatch(part) and part != "..":
        return part
    suffix = re.search(r"\.[A-Za-z0-9]{1,12}$", part)
    return f"unusual-name-{index}{suffix[0] if suffix else ''}"


def _is_binary(path: Path) -> bool:
    with path.open("rb") as stream:
        return b"\0" in stream.read(8192)


def _bring(source: Path, target: Path) -> None:
    if source.lstat().st_size > _LARGE:
        with suppress(OSError):  # another file system, or one without links
            os.link(source, target, follow_symlinks=False)
            return
    shutil.copyfile(source, target, follow_symlinks=False)
