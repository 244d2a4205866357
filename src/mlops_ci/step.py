"""What every step of the pipeline is: identity, options, a pure judgement, and a run that gathers facts."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from mlops_ci.errors import UsageProblem
from mlops_ci.ports import Clock, Progress
from mlops_ci.process import SystemClock
from mlops_ci.release.keyring import Keyring
from mlops_ci.report import StepReport
from mlops_ci.tools.git import Git
from mlops_ci.tools.github import Forge

OptionsT_contra = TypeVar("OptionsT_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Context:
    """What a step is given beside its options."""

    root: Path  # the ML repository
    model: str  # the registered model's name
    progress: Progress
    tracking_uri: str = "sqlite:///mlflow.db"  # a relative SQLite path is relative to `root`
    clock: Clock = field(default_factory=SystemClock)
    settings_path: Path | None = None  # the settings file, where there is one
    chosen_model: str | None = None  # by --model, when the settings hold several
    git_token: str | None = field(default=None, repr=False)
    signing_key: str | None = field(default=None, repr=False)  # PEM; this machine's own key where there is none
    trusted_keys: tuple[str, ...] = ()  # PEM files in the repository
    hosted_runner: bool = False  # a GitHub-hosted machine that is gone after the job
    forge: Forge | None = None  # in a workflow: the repository on GitHub
    workflow_run: str | None = None  # in a workflow: the URL of the run

    @property
    def workspace(self) -> Path:
        """Return the folder for reports, logs and what runs: never under version control."""
        return self.root / ".mlops-ci"

    @property
    def commit(self) -> dict[str, str]:
        """Return the commit that is checked out, as an input of a report; nothing outside of git."""
        try:
            return {"commit": Git(self.root).head()}
        except UsageProblem:
            return {}

    @property
    def keyring(self) -> Keyring:
        """Return which key signs evidence here, and which keys are trusted."""
        git = Git(self.root, self.git_token)
        file = self.workspace / "keys" / "evidence.pem"
        return Keyring(git, file, self.signing_key, self.trusted_keys, self.workflow_run)


class Step(Protocol[OptionsT_contra]):
    """A module in `steps/` fulfils this."""

    def run(self, options: OptionsT_contra, context: Context) -> StepReport:
        """Gather facts through tools, judge them, and return the report."""
        ...
