"""A released model made anew from the commit that the record names, and known again by its digest or its answers."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_ci.errors import NothingToJudge, ProgramFailed, UsageProblem
from mlops_ci.evidence import digest_bytes, digest_model, is_model
from mlops_ci.models import recorded, rulebook
from mlops_ci.models.answers import Arm, gather
from mlops_ci.process import NO_SECRETS, search_path
from mlops_ci.release.branch import BRANCH
from mlops_ci.release.state import Release
from mlops_ci.rollout.proofs import answers_path
from mlops_ci.settings import document
from mlops_ci.settings.gate import GateSettings
from mlops_ci.settings.register import RegisterSettings
from mlops_ci.tools import dvc, python_environment
from mlops_ci.tools.git import Git, not_here

_SETTINGS = Path("mlops.yaml")


def rebuilt(release: Release, model: str, git: Git, target: Path) -> Path:
    """Return a folder with a release's model in it, made by the pipeline of its commit, or by an earlier call.

    Args:
        release: what is recorded.
        model: the registered model's name.
        git: the repository, with its state branch on origin.
        target: where it is kept if it is what was released to the byte. One that only answers like it is kept beside
            the folder of models, where no cache brings anything: it could not prove by itself what it is.

    Raises:
        NothingToJudge: the commit is not in this clone, or the record has no answers to compare with.
        ProgramFailed: the pipeline fails, or what it makes today is not what was released.
    """
    alike = target.parent.with_name("alike") / target.name
    known = alike.with_suffix(".txt")
    if _made_before(alike, known, git):
        return alike
    for one in (target, alike):
        shutil.rmtree(one, ignore_errors=True)
    with TemporaryDirectory() as folder:
        code = _checked_out(release.commit, git, Path(folder))
        settings = (code / _SETTINGS).read_text(encoding="utf-8") if (code / _SETTINGS).is_file() else ""
        python = _python(code, git.root, target.parents[1])
        if (code / "dvc.yaml").is_file():  # else the model itself is in git
            dvc.reproduce(code, (git.root / ".dvc/cache").absolute(), _environment(python))
        section = document.section(settings, _SETTINGS, model, "register") or {}
        made = code / str(section.get("path") or RegisterSettings().path)
        if (digest := digest_model(made)) != release.model_digest:
            _demand_answers(release, model, git, code, made, settings, python)
            target = alike
        shutil.copytree(made, target)
        if target == alike:
            known.write_text(digest, encoding="utf-8")
    return target


def _made_before(alike: Path, known: Path, git: Git) -> bool:
    """Say whether an earlier call left a model here, and it still is what it was; a commit may not bring one."""
    committed = git.call("ls-files", "--", str(alike.parents[2]), check=False).stdout
    return not committed and known.is_file() and is_model(alike, known.read_text(encoding="utf-8"))


def _checked_out(commit: str, git: Git, folder: Path) -> Path:
    """Return a clone of this repository at a commit: the pipeline runs where nothing else is."""
    top = Git(Path(git.call("rev-parse", "--show-toplevel").stdout.strip()))
    clone = Git(folder / "clone")
    top.call("clone", "--quiet", "--shared", "--no-checkout", str(top.root), str(clone.root))
    if clone.call("checkout", "--quiet", "--detach", commit, check=False).code:
        raise not_here(commit)
    return clone.root / git.call("rev-parse", "--show-prefix").stdout.strip()


def _python(code: Path, root: Path, folder: Path) -> Path | None:
    """Return an interpreter with the requirements of the commit; None where they are today's, which is at hand."""
    then, now = code / "requirements.txt", root / "requirements.txt"
    if not then.is_file() or (now.is_file() and now.read_bytes() == then.read_bytes()):
        return None
    name = digest_bytes(then.read_bytes()).removeprefix("sha256:")[:16]
    return python_environment.make(then.read_text(encoding="utf-8").splitlines(), folder / "environments" / name)


def _environment(python: Path | None) -> dict[str, str]:
    """Return the environment of the pipeline: its own code first, and none of our secrets."""
    first = (python.parent,) if python else ()
    return {"PATH": search_path(*first), "PYTHONPATH": "src", "DVC_NO_ANALYTICS": "true", **NO_SECRETS}


def _demand_answers(
    release: Release, model: str, git: Git, code: Path, made: Path, settings: str, python: Path | None
) -> None:
    """Raise unless a model with other bytes answers golden rows as the released one did."""
    record = git.read(git.fetch(BRANCH) or "", answers_path(release.model_digest))
    what = f"What commit {release.commit[:12]} makes here is not {release.name}, which was released"
    if record is None:
        raise NothingToJudge(f"{what}: it has another digest, and no answers are recorded to compare. Release anew.")
    section = document.section(settings, _SETTINGS, model, "gate")
    if section is None:
        raise UsageProblem(f"{what}: it has another digest, and that commit names no golden set to compare by.")
    options = GateSettings.model_validate(section)
    book = rulebook.read(options, code, code / options.golden, None)
    arm = Arm("champion", made, python=python or options.python)
    try:
        said = gather([arm], book.golden, book.columns, timeout=options.timeout, logs=code.parent, latencies=())
        recorded.refuse_another(record, release.model_digest, book.golden, said.arms["champion"].predictions)
    except ProgramFailed as other:
        raise ProgramFailed(f"{what}: {other}. Pin what its pipeline needs, or keep models in a registry.") from other
