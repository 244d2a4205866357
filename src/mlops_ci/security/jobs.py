"""Which scanner looks at what: one job for each, of all that is there."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from filecmp import cmp
from importlib.resources import files as resources
from pathlib import Path

from mlops_ci.scanner import Look, Sandbox
from mlops_ci.security import data_files, formats, kinds, recorders, syntax
from mlops_ci.security.tree import Tree
from mlops_ci.settings.scan import Group, ScanSettings
from mlops_ci.tools import (
    actionlint,
    bandit,
    checkov,
    fickling,
    gitleaks,
    hadolint,
    modelscan,
    picklescan,
    pip_audit,
    trivy,
    zizmor,
)

Action = Callable[[Sandbox, tuple[str, ...]], Look]  # the files as the sandbox has them
POLICIES = Path(str(resources("mlops_ci") / "resources/scan/policies"))
_COVERED = (".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt", ".bin", ".npy", ".npz", ".keras", ".h5")


@dataclass(frozen=True, slots=True)
class Job:
    """One scanner and the files that concern it; what it looks at decides its answer, and nothing else does."""

    name: str
    group: Group
    program: str  # in pins/scanners.tsv; empty for what is part of mlops-ci
    files: tuple[str, ...]
    look: Action
    weight: int = 1  # how long it takes, compared with others: the longest begin first
    needs_network: bool = False
    needs_database: bool = False
    salt: str = ""  # what else decides its answer
    image: str = ""  # what is looked at is no file of the tree
    root: Path | None = field(default=None, compare=False)  # where its files are, if not in the tree


def of_tree(
    tree: Tree, models: Collection[str], sensitive: Collection[str], cache: Path, osv_url: str | None = None
) -> list[Job]:
    """Return the jobs for what stands in a repository; `models` are the files of models that git may not know."""
    root, files = tree.root, tree.files
    own = [one for one in files if one not in models]
    model_files = tuple(dict.fromkeys((*models, *kinds.models(root, own))))
    workflows, dockerfiles = kinds.workflows(own), kinds.dockerfiles(own)
    audited = (*workflows, *kinds.actions(own))
    pinned, pickles = kinds.lock_files(files), _raw_pickles(root, model_files)
    marked = ",".join(sorted(sensitive))
    jobs = [
        Job("checkov", "iac", "checkov", kinds.infrastructure(own), lambda box, _: checkov.scan(box), 10),
        Job("modelscan", "models", "modelscan", model_files, _modelscan, 5),
        *_secrets("", files, cache),
        Job("trivy configuration", "iac", "trivy", kinds.infrastructure(own),
            lambda box, _: trivy.infrastructure(box, cache), 4),
        Job("trivy compose", "iac", "trivy", kinds.compose(own),
            lambda box, _: trivy.by_rules(box, cache, POLICIES, "mlopsci"), 2),
        Job("bandit", "code", "bandit", kinds.python(files), lambda box, _: bandit.scan(box), 3),
        Job("fickling", "models", "fickling", pickles, fickling.scan, 3),
        Job("pip-audit", "dependencies", "pip-audit", kinds.requirements(files),
            lambda box, given: pip_audit.scan(box, given, osv_url), 3, needs_network=True),
        Job("trivy packages", "dependencies", "trivy", pinned, lambda box, _: trivy.dependencies(box, cache), 2,
            needs_database=True),
        Job("zizmor", "workflows", "zizmor", audited, _zizmor),
        Job("actionlint", "workflows", "actionlint", workflows, actionlint.scan),
        Job("hadolint", "iac", "hadolint", dockerfiles, hadolint.scan),
        Job("syntax", "iac", "", syntax.concerned(own), lambda box, _: syntax.scan(box.folder)),
        Job("picklescan", "models", "", model_files, _picklescan, 2),
        Job("formats", "models", "", _foreign(root, model_files, own),
            lambda box, given: formats.scan(box.folder, given)),
        Job("pins", "dependencies", "", kinds.requirements(files), lambda box, _: syntax.unpinned(box.folder)),
        Job("data files", "data", "", kinds.data(files),
            lambda box, given: data_files.scan(box.folder, given, sensitive), 2, salt=marked),
    ]  # fmt: skip
    return [one for one in jobs if one.files]


def of_image(image: str, archive: Path | None, digest: str, cache: Path) -> Job:
    """Return the job for a container image."""
    reference = "" if archive else image

    def look(box: Sandbox, _: tuple[str, ...]) -> Look:
        return trivy.image(box, cache, archive, reference)

    return Job("trivy image", "image", "trivy", (), look, 8, needs_database=True, salt=digest, image=image)


def of_history(folder: Path, files: Sequence[str], cache: Path) -> list[Job]:
    """Return the jobs for what commits had that the last one has no more."""
    return [replace(one, root=folder) for one in _secrets(" in history", tuple(files), cache)]


def chosen(listed: Iterable[Job], options: ScanSettings) -> list[Job]:
    """Return the jobs of the groups that were asked for, less those that were turned off."""
    wanted = [one for one in listed if not options.only or one.group in options.only]
    kept = [one for one in wanted if not {one.name.casefold(), one.program} & set(options.off)]
    return [one for one in kept if not (one.needs_network and options.offline)]


def _secrets(where: str, files: tuple[str, ...], cache: Path) -> list[Job]:
    return [
        Job(f"trivy secrets{where}", "secrets", "trivy", files, lambda box, _: trivy.secrets(box, cache), 4),
        Job(f"gitleaks{where}", "secrets", "gitleaks", files, lambda box, _: gitleaks.scan(box), 2),
    ]


def _modelscan(box: Sandbox, _: tuple[str, ...]) -> Look:
    """Ask modelscan, which knows fewer kinds than we do: what others look into is not unread for its sake."""
    found = modelscan.scan(box)
    return Look(found.issues, tuple(one for one in found.unread if not one.path.lower().endswith(_COVERED)))


def _zizmor(box: Sandbox, given: tuple[str, ...]) -> Look:
    found = zizmor.scan(box, given)
    return replace(found, issues=tuple(recorders.rated(one, box.folder) for one in found.issues))


def _picklescan(box: Sandbox, _: tuple[str, ...]) -> Look:
    found = (one.split(": ", 1) for one in picklescan.dangerous_apart(box.folder, box.timeout))
    return Look(tuple(picklescan.issue(path, called) for path, called in found))


def _foreign(root: Path, models: Sequence[str], own: Sequence[str]) -> tuple[str, ...]:
    """Return a model's files without copies of this repository's own code, which is reviewed where it stands."""
    known = defaultdict[str, list[str]](list)
    for one in kinds.python(own):
        known[Path(one).name].append(one)
    return tuple(
        one for one in models if not any(cmp(root / one, root / each, shallow=False) for each in known[Path(one).name])
    )


def _raw_pickles(root: Path, files: Sequence[str]) -> tuple[str, ...]:
    """Return the files that are nothing but pickles, so that fickling can read them."""
    return tuple(one for one in files if kinds.is_pickle(root / one))
