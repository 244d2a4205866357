"""What a foreign repository says about itself: its branch, its owner, how it is installed, tested and trained."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from json import loads
from pathlib import Path
from typing import Any, Literal

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.journeys import adopt_project
from mlops_ci.settings import document
from mlops_ci.tools.git import Git

Problem = Literal["binary", "regression", "multiclass", "ranking"]

PULL = "dvc pull "  # how a command begins that fetches data which DVC tracks
_HERE = Path(__file__).resolve().parent
_OWNER = re.compile(r"[:/]([A-Za-z0-9-]+)/[^/]+?(?:\.git)?/?$")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person said; None where it is to be found out."""

    data: str
    label: str
    model: str
    problem: Problem | None = None
    name: str | None = None
    golden: str | None = None
    query: str | None = None
    test: str | None = None
    train: str | None = None
    serve: str | None = None
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the repository before its data are read."""

    root: Path
    name: str
    data: str
    model: str
    branch: str
    owner: str | None
    install: str  # what pip is given
    has_requirements: bool  # or a pyproject.toml: something by which pip's downloads can be cached
    test: str
    train: str | None  # None: the model itself is in git
    stage: str | None  # the command that brings the data; None where they are in git
    new_stage: bool  # a dvc.yaml must be written, for `train` is another command than DVC's
    serve: str | None
    python: str
    pin: str | None
    dirty: int
    says_probabilities: bool
    has_signature: bool

    @property
    def pulled(self) -> str | None:
        """Return the data that DVC tracks, and that a workflow must fetch before it trains."""
        if self.stage is None or not self.stage.startswith(PULL):
            return None
        return self.stage.removeprefix(PULL).removesuffix(".dvc")


def look(wish: Wish, root: Path) -> Facts:
    """Return the facts about the repository at `root`.

    Raises:
        UsageProblem: it is no git repository, or nothing says how it is tested or its model is made.
        NothingToJudge: the model's folder is none.
    """
    git = Git(root)
    if git.call("rev-parse", "--is-inside-work-tree", check=False).code:
        raise UsageProblem(f"{root} is not a git repository. Run adopt at the top of the repository with your model.")
    if Path(git.call("rev-parse", "--show-toplevel").stdout.strip()) != root.resolve():
        raise UsageProblem(f"{root} is not the top of its git repository, where workflows stand. Run adopt there.")
    saved = _saved(root, wish.model)
    functions = (saved.get("flavors") or {}).get("python_function") or {}
    project = adopt_project.read(root)
    dvc = (root / "dvc.yaml").is_file()
    train = _train(wish, git, dvc=dvc)
    wraps = train is not None and not dvc
    stage = _data_command(git, wish, dvc=dvc)
    origin = git.call("remote", "get-url", "origin", check=False).stdout.strip()
    found = _OWNER.search(origin) if "github" in origin else None
    return Facts(
        root,
        _name(wish.name or root.resolve().name),
        wish.data,
        wish.model,
        _branch(git),
        found[1] if found else None,
        adopt_project.install(root, wish.model, project, needs_dvc=bool(train or stage)),
        (root / "requirements.txt").is_file() or (root / "pyproject.toml").is_file(),
        _one_line("--test", wish.test) or adopt_project.tests(root, project),
        train,
        stage,
        wraps,
        _one_line("--serve", wish.serve),
        adopt_project.python(functions),
        wish.pin or own_commit(),
        len([one for one in git.call("status", "--porcelain").stdout.splitlines() if one]),
        functions.get("predict_fn") == "predict_proba",
        bool(saved.get("signature")),
    )


def _saved(root: Path, model: str) -> dict[str, Any]:
    path = root / model / "MLmodel"
    if not path.is_file():
        raise NothingToJudge(
            f"{model} is no MLflow model: it has no MLmodel file. Save it with mlflow.<flavor>.save_model."
        )
    return dict(document.read(path).data)


def _name(said: str) -> str:
    """Return a name that may be a registered model's and a file's."""
    name = re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")[:50]
    if not name:
        raise UsageProblem(f"{said!r} holds no letter that a model's name may have. Give one with --name.")
    return name


def _one_line(flag: str, said: str | None) -> str | None:
    if said and ("\n" in said or "${{" in said):
        raise UsageProblem(f"{flag} is one command on one line, without expressions of GitHub.")
    return said


def _train(wish: Wish, git: Git, *, dvc: bool) -> str | None:
    tracked = bool(git.call("ls-files", "--", wish.model).stdout)
    if tracked and wish.train:
        raise UsageProblem(
            f"{wish.model} is in git, so a pull request proposes the model itself, and --train would make another. "
            f"Leave --train out, or take the model out of git: git rm -r --cached {wish.model}"
        )
    if tracked:
        return None
    train = _one_line("--train", wish.train) or ("dvc repro" if dvc else None)
    if train is None:
        raise UsageProblem(
            f"{wish.model} is not in git, and nothing says what makes it. Give --train COMMAND, or commit it."
        )
    if dvc and not train.startswith("dvc "):
        raise UsageProblem(f"There is a dvc.yaml, by which a champion is made anew. Make {train!r} a stage of it.")
    if train.startswith("dvc ") and not dvc:
        raise UsageProblem("--train names DVC, and there is no dvc.yaml. Write its stages first: dvc stage add --help")
    return train


def _data_command(git: Git, wish: Wish, *, dvc: bool) -> str | None:
    """Return what brings the data on another machine; None where git does."""
    fixed = wish.data.partition("*")[0].rsplit("/", 1)[0] if "*" in wish.data else wish.data
    if git.call("ls-files", "--", f":(glob){wish.data}").stdout:
        return None
    if (git.root / f"{fixed}.dvc").is_file():
        return f"{PULL}{fixed}.dvc"
    if dvc:
        return f"dvc repro {_stage(git.root, fixed)}".strip()
    raise UsageProblem(
        f"{wish.data} is neither in git nor known to DVC, so no other machine has it. Commit it, or: dvc add {fixed}"
    )


def _stage(root: Path, path: str) -> str:
    """Return the stage of dvc.yaml that writes a path; empty for all of them."""
    for name, stage in (document.read(root / "dvc.yaml").data.get("stages") or {}).items():
        for out in stage.get("outs") or ():
            named = str(next(iter(out)) if isinstance(out, dict) else out)
            if path == named or path.startswith(f"{named.rstrip('/')}/"):
                return str(name)
    return ""


def _branch(git: Git) -> str:
    remote = git.call("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD", check=False).stdout.strip()
    if remote:
        return remote.removeprefix("origin/")
    return git.call("symbolic-ref", "--quiet", "--short", "HEAD", check=False).stdout.strip() or "main"


def own_commit() -> str | None:
    """Return the commit of this mlops-ci: of its checkout, or where pip took it from; None where nothing says so."""
    checkout = _HERE.parents[2]
    if (checkout / "cookiecutter.json").is_file() and (checkout / ".git").exists():
        return Git(checkout).head()
    try:
        said = loads(distribution("mlops-ci").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return None
    commit = said.get("vcs_info", {}).get("commit_id")
    return str(commit) if commit else None
