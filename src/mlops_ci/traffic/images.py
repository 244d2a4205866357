"""The image of a commit with its model, made by the commit's own Dockerfile and known again by its labels."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.tools.docker import Docker

DIGEST, _COMMIT = "io.mlops-ci.model-digest", "io.mlops-ci.commit"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an image is made."""

    docker: Docker
    model_path: str  # where the Dockerfile expects the model, in its build context
    network: str  # Docker's network in which the build's commands run

    def image(self, code: Path, model: Path, commit: str, model_digest: str) -> str:
        """Return the image of a commit's code with a model, built when this machine lacks it.

        Raises:
            ProgramFailed: the build failed, or no Docker engine answers.
        """
        labels = {_COMMIT: commit, DIGEST: model_digest}
        if found := self.docker.image(labels):
            return found
        with tempfile.TemporaryDirectory(prefix="mlops-ci-build-") as folder:
            context = Path(folder) / "context"
            shutil.copytree(code, context, symlinks=True)
            shutil.copytree(model, context / self.model_path, dirs_exist_ok=True)
            return self.docker.build(context, labels, self.network)
