"""A copy of a repository in which anything may be broken: its origin is its own, and it reaches nothing else."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_ci.errors import ProgramFailed
from mlops_ci.process import NO_SECRETS, Completed, run
from mlops_ci.tools.git import Git

_SOURCE = Path(__file__).resolve().parents[2]
_MLOPS_CI = f"import sys; sys.path.insert(0, {str(_SOURCE)!r}); from mlops_ci.cli.main import main; main()"
_SOMEBODY = {f"GIT_{who}_{what}": "selftest@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
_ALONE = {
    **NO_SECRETS,
    **_SOMEBODY,
    "MLOPS_CI_TRACKING_URI": "sqlite:///mlflow.db",  # of the copy, whatever the settings say
    **dict.fromkeys((f"MLOPS_CI_GATE__{name}" for name in ("CHAMPION", "PYTHON", "BASE")), ""),  # its file says them
    # What is found here is about planted defects: no annotation, summary or output of the real job.
    **dict.fromkeys(("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_REPOSITORY"), ""),
}
_TIMEOUT = 1800.0  # seconds of one step


@dataclass(frozen=True, slots=True)
class Found:
    """A finding that blocks: its code, where it points to, and its title."""

    code: str
    path: str
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A step that has ended."""

    code: int
    report: Mapping[str, Any]
    seconds: float

    @property
    def said(self) -> str:
        """Return the first line of what stopped the step."""
        return str(self.report.get("error") or "it did not end").strip().splitlines()[0]

    @property
    def blocking(self) -> list[Found]:
        """Return what blocks, in the report's order."""
        found = [(one, one["location"] or {}) for one in self.report["findings"] if one["effect"] == "blocks"]
        return [
            Found(one["code"], place.get("path") or "", place.get("name") or "", one["title"]) for one, place in found
        ]


class Scratch:
    """The copy, at its first commit; every defect begins there again."""

    def __init__(self, original: Path, settings: Path, model: str | None, folder: Path) -> None:
        """Clone the repository that holds `original` into a folder, with a bare origin beside it.

        Args:
            original: the ML repository.
            settings: its settings file.
            model: which of the settings' models, where there are several.
            folder: an empty folder.
        """
        git = Git(original)
        top = Path(git.call("rev-parse", "--show-toplevel").stdout.strip())
        prefix = git.call("rev-parse", "--show-prefix").stdout.strip()
        clone = folder / "repository"
        run(["git", "clone", "--quiet", "--bare", "--no-hardlinks", top, folder / "origin.git"], timeout=600)
        run(["git", "clone", "--quiet", folder / "origin.git", clone], timeout=600)
        self.folder, self.original, self.root = folder, original, clone / prefix
        self.below = prefix  # where the ML repository is inside of the git repository
        self.settings = self.root / settings.relative_to(original)
        self._common = ["--settings", str(self.settings), *(["--model", model] if model else []), "--format", "json"]
        self._git("checkout", "--quiet", "-B", "selftest", git.head())
        self._base = ""
        self.bring([settings])

    def bring(self, paths: Iterable[Path]) -> None:
        """Copy files or folders of the original over, those that git does not know, too."""
        for path in paths:
            source = path if path.is_absolute() else self.original / path
            if not source.is_relative_to(self.original):
                continue  # the settings name it in full, and nothing here changes it
            target = self.root / source.relative_to(self.original)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(source, target)
            elif source.is_file():
                shutil.copyfile(source, target)

    def begin(self) -> None:
        """Commit what stands there as the base of every defect."""
        self.commit("The base of the selftest")
        self._base = self._git("rev-parse", "HEAD").stdout.strip()

    @property
    def base(self) -> str:
        """Return the commit without a defect."""
        return self._base

    def commit(self, message: str) -> None:
        """Commit everything that git does not ignore."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", message)

    def restore(self) -> None:
        """Go back to the base; what git ignores stays."""
        self._git("reset", "--quiet", "--hard", self._base)
        self._git("clean", "--quiet", "--force", "-d")

    def step(self, *words: str) -> Ran:
        """Run `mlops-ci words…` in the copy.

        Raises:
            ProgramFailed: it left no report.
        """
        argv = [sys.executable, "-I", "-c", _MLOPS_CI, *words, *self._common]
        done = run(argv, cwd=self.root, env=_ALONE, timeout=_TIMEOUT, check=False, grace=20.0)
        try:
            return Ran(done.code, json.loads(done.stdout), done.seconds)
        except ValueError as problem:
            said = "\n".join(done.stderr.strip().splitlines()[-6:])
            raise ProgramFailed(f"mlops-ci {' '.join(words)} left no report in the copy.\n{said}") from problem

    def _git(self, *words: str) -> Completed:
        return run(["git", "-c", "commit.gpgsign=false", *words], cwd=self.root, env=_SOMEBODY)
