"""The image of what is released: made from a commit and its model, and named as a registry knows it."""

import re
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.evidence import digest_model
from mlops_ci.release import worktree
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.step import Context
from mlops_ci.steps.canary import assemble

_REPOSITORY = r"([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*"


@dataclass(frozen=True, slots=True)
class Image:
    """An image of this machine's Docker engine, and where a registry has it."""

    id: str
    name: str = ""  # of its repository
    digest: str = ""  # of its manifest there

    @property
    def reference(self) -> str:
        """Return what names exactly this image wherever the registry is in reach; empty when it was not pushed."""
        return f"{self.name}@{self.digest}" if self.digest else ""


def make(options: CanarySettings, model: Path, context: Context, push_to: str | None) -> Image:
    """Return the image of the commit that is checked out with a model, built unless it is here already.

    Args:
        options: where the Dockerfile expects the model, and the network it is built in.
        model: MLflow model folder.
        context: the repository.
        push_to: repository of a registry, without a tag; None leaves the image on this machine.

    Raises:
        UsageProblem: uncommitted changes, or `push_to` is no repository's name.
        NothingToJudge: there is no such model, or the commit has no Dockerfile.
        ProgramFailed: Docker's engine does not answer, or the build or the push failed.
    """
    if push_to and not re.fullmatch(_REPOSITORY, push_to):
        raise UsageProblem(
            f"--push-to {push_to!r} is no repository of images; lower case and no tag, as ghcr.io/me/it."
        )
    parts = assemble(options, context)
    worktree.demand_clean_branch(parts.git)
    digest, commit = digest_model(context.root / model), parts.git.head()
    if parts.git.read(commit, "./Dockerfile") is None:
        raise NothingToJudge(
            f"Commit {commit[:12]} has no Dockerfile in {context.root.name}/, so no image can be built."
        )
    context.progress.status("building the image")
    code = parts.git.export(commit, context.root / options.runtime / "code" / commit)
    recipe = parts.recipe()
    built = recipe.image(code, context.root / model, commit, digest)
    if push_to is None:
        return Image(built)
    context.progress.status(f"pushing it to {push_to}")
    tag = f"{commit[:12]}-{digest.removeprefix('sha256:')[:12]}"  # for people; machines go by the digest
    return Image(built, push_to, recipe.docker.push(built, push_to, tag))
