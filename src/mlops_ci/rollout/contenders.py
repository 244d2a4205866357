"""Who is compared: the challenger, and the champion that is released or that the settings name, each where it is."""

from collections.abc import Callable
from pathlib import Path

from mlops_ci.errors import UsageProblem
from mlops_ci.evidence import digest_bytes, digest_file, digest_model
from mlops_ci.models.answers import Arm
from mlops_ci.release.branch import StateBranch
from mlops_ci.rollout.candidates import Shelf
from mlops_ci.settings.gate import GateSettings
from mlops_ci.tools.git import Git


def contenders(options: GateSettings, root: Path, git: Git, model: str, shelf: Callable[[], Shelf]) -> list[Arm]:
    """Return the champion, where there is one, and the challenger.

    Args:
        options: the gate's settings.
        root: what their paths are relative to.
        git: whose state branch says what is released.
        model: the registered model's name.
        shelf: asked for only where a model must be fetched: it needs a registry, and that takes seconds.

    Raises:
        UsageProblem: there is no `origin` that could say what is released; a file is said to be a service's answers.
        NothingToJudge, ProgramFailed: a model cannot be fetched.
    """
    challenger = _challenger(options, shelf, root)
    if options.champion_predictions:
        return [Arm("champion", file=root / options.champion_predictions), challenger]
    if options.champion == "none":
        return [challenger]
    if options.champion != "released":
        return [_arm("champion", options.champion, shelf, root), challenger]
    git.demand_origin()
    released = StateBranch(git, options.environment, model).read().champion
    if released is None:
        return [challenger]
    if challenger.folder and digest_model(challenger.folder) == released.model_digest:
        return [Arm("champion", challenger.folder), challenger]  # nothing to fetch, or to make anew
    return [Arm("champion", shelf().model_of(released)), challenger]


def _challenger(options: GateSettings, shelf: Callable[[], Shelf], root: Path) -> Arm:
    """Return the challenger; a file of predictions is of the model that stands beside it, where one is named."""
    if options.challenger_predictions is None:
        return _arm("challenger", options.challenger, shelf, root)
    file = root / options.challenger_predictions
    if "challenger" not in options.model_fields_set:  # the default is no word of the user's about this file
        return Arm("challenger", file=file)
    named = _arm("challenger", options.challenger, shelf, root)
    if named.folder is None:
        raise UsageProblem(
            f"{options.challenger} is a service, and what it runs is not known. Beside gate.challenger_predictions "
            "name the model's folder or URI as gate.challenger, or nothing."
        )
    return Arm("challenger", named.folder, file=file)


def _arm(name: str, place: str, shelf: Callable[[], Shelf], root: Path) -> Arm:
    if place.startswith(("http://", "https://")):
        return Arm(name, url=place)
    if place.startswith(("models:/", "runs:/")):
        folder = digest_bytes(place.encode()).removeprefix("sha256:")[:16]  # the base's champion may be another
        found = shelf()
        return Arm(name, found.registry.fetch(place, found.folder / "asked" / folder))
    return Arm(name, root / place)


def digests(arms: list[Arm]) -> dict[str, str]:
    """Return the digests of models and files of predictions, by the names that evidence has for them."""
    models = {"challenger": "model", "champion": "champion"}
    found = {models[arm.name]: digest_model(arm.folder) for arm in arms if arm.folder}
    return found | {f"{arm.name}_predictions": digest_file(arm.file) for arm in arms if arm.file}
