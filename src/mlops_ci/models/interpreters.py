"""Which interpreter a model runs with: one for all, or one for each with its own requirements installed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mlops_ci.evidence import digest_bytes
from mlops_ci.models.answers import Arm
from mlops_ci.settings.gate import GateSettings
from mlops_ci.tools import python_environment

_NEEDED = ("mlflow-skinny", "pandas", "pyarrow")  # by whoever asks the model


def assign(arms: Sequence[Arm], options: GateSettings, folder: Path) -> list[Arm]:
    """Return the arms with their interpreters; environments are made below `folder`, once for each requirements.

    Raises:
        ProgramFailed: requirements cannot be installed.
    """
    wanted = [requirements(one.folder) if one.folder else frozenset[str]() for one in arms]
    asked = [one for one, arm in zip(wanted, arms, strict=True) if arm.folder]
    own = options.environments == "own" or (options.environments == "auto" and len(set(asked)) > 1)
    return [
        replace(arm, python=_environment(needs, folder) if own and arm.folder else options.python)
        for arm, needs in zip(arms, wanted, strict=True)
    ]


def requirements(model: Path) -> frozenset[str]:
    """Return the requirements that a model was saved with, without comments."""
    path = model / "requirements.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines)
    return frozenset(one for one in found if one)


def _environment(needs: frozenset[str], folder: Path) -> Path:
    named = {re.split(r"[\s<>=!~\[;@]", one, maxsplit=1)[0].lower() for one in needs}
    # What the model names itself is not named again: mlflow has mlflow-skinny in it.
    extra = [one for one in _NEEDED if one not in named and not (one == "mlflow-skinny" and "mlflow" in named)]
    lines = sorted({*needs, *extra})
    name = digest_bytes("\n".join(lines).encode()).removeprefix("sha256:")[:16]
    return python_environment.make(lines, folder / name)
