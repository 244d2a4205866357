"""A generated repository with a bare origin, and its workflows run as they are by act: what a push or a click starts.

Our actions come from this checkout. Third-party ones are stand-ins with the originals' inputs and outputs, and act
itself lays out the work tree in place of actions/checkout. Each run begins with a new clone and an empty home.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from integration import scanning
from mlops_ci.journeys.workshop import Workshop

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / "tests/stand-ins"
ENVIRONMENTS = ROOT / ".setup/environments"  # kept between runs, as a runner keeps its tool cache
PROGRAMS = Path(sys.executable).parent
TRUST = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")  # certificates that this machine's package index needs

PRIVATE = {"repository": {"visibility": "private"}}
NOTHING: Mapping[str, str] = {}
REPOSITORY = "acme/flight-delay"  # as GitHub calls it

Change = Callable[[Path], None]


@dataclass(frozen=True)
class Run:
    """What a run of a workflow showed."""

    exit_code: int
    jobs: dict[str, str]  # job → result, where act tells one
    said: dict[str, str]  # job → its log
    artifacts: Path
    clone: Path
    seconds: dict[str, float]  # job → what its steps took

    @property
    def reports(self) -> dict[str, dict[str, Any]]:
        """Return step → report, of those that were kept."""
        kept = [path for path in self.artifacts.rglob("*.json") if path.parent.name.startswith("report-")]
        return {path.stem: json.loads(path.read_text()) for path in kept}

    def codes(self, step: str) -> set[str]:
        """Return the codes of what a step found."""
        return {one["code"] for one in self.reports[step]["findings"]}

    def blocking(self, step: str) -> list[dict[str, Any]]:
        """Return what blocks."""
        return [one for one in self.reports[step]["findings"] if one["effect"] == "blocks"]


@dataclass(frozen=True)
class Running:
    """A run of a workflow that may have ended or not."""

    process: "subprocess.Popen[bytes]"
    clone: Path

    def run(self) -> Run:
        """Wait for the end, and return what the run showed."""
        self.process.wait(timeout=800)
        text = (self.clone.parent / "act.log").read_text()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        said: dict[str, str] = {}
        for line in lines:
            if "jobID" in line:
                said[line["jobID"]] = said.get(line["jobID"], "") + line["msg"]
        jobs = {line["jobID"]: line["jobResult"] for line in lines if "jobResult" in line}
        assert jobs or not self.process.returncode, text  # of jobs that are skipped act tells nothing
        seconds: dict[str, float] = {}
        for line in lines:
            if len(line.get("stepID", ())) == 1:  # steps of the workflow; those within an action have more
                seconds[line["jobID"]] = seconds.get(line["jobID"], 0.0) + line.get("executionTime", 0) / 1e9
        return Run(self.process.returncode, jobs, said, self.clone.parent / "artifacts", self.clone, seconds)


@dataclass(frozen=True)
class Stage:
    """What every run shares: the repository's origin, our actions, pip, and the actions' environments."""

    folder: Path
    workshop: Workshop

    @property
    def origin(self) -> Path:
        """Return the bare remote."""
        return self.workshop.folder / "origin.git"

    @property
    def cache(self) -> Path:
        """Return what GitHub has kept of runs on main: it gives that to all runs."""
        return self.folder / "kept"

    def pull_request(self, name: str, change: Change | None = None, job: str = "", api: str = "") -> Run:
        """Open a pull request with a change, as it were, and run its workflow, or one job of it."""
        return self.opened(name, change, job, api).run()

    def opened(self, name: str, change: Change | None = None, job: str = "", api: str = "") -> "Running":
        """Open a pull request, and start its workflow, or one job of it; its end is the caller's to await.

        `api` is the URL of what stands for GitHub's API; with it the jobs have a token, which they lack otherwise.
        """
        clone = self._clone(name)
        base = git("-C", str(clone), "rev-parse", "main")
        if change:
            change(clone)
            git("-C", str(clone), "add", "--all")
            git("-C", str(clone), "commit", "--quiet", "--message", f"Change: {name}")
        event = {"pull_request": {"number": 1, "base": {"sha": base}}}
        words = [*(["--job", job] if job else []), *(["--secret", "GITHUB_TOKEN=t0p"] if api else [])]
        return self._start(clone, "pull-request", "pull_request", event, {"GITHUB_API_URL": api} if api else {}, *words)

    def push(self, name: str, more: Mapping[str, str] = NOTHING, event: Mapping[str, Any] = PRIVATE) -> Run:
        """Run the release workflow of what stands on main."""
        return self._start(self._clone(name), "release", "push", event, more).run()

    @contextmanager
    def pushed(self, name: str, more: Mapping[str, str]) -> Iterator["Running"]:
        """Start the release workflow of what stands on main; it is ended with the block, unless its end is awaited."""
        started = self._start(self._clone(name), "release", "push", PRIVATE, more)
        try:
            yield started
        except BaseException:
            started.process.kill()
            raise

    def by_hand(self, name: str, workflow: str, inputs: Mapping[str, str]) -> Run:
        """Run a workflow as a person starts it, or as its schedule does."""
        return self._start(self._clone(name), workflow, "workflow_dispatch", {"inputs": dict(inputs)}, {}).run()

    def after(self, name: str, of: Run, **told: object) -> Run:
        """Run the workflow that the end of a pull request's run starts; `told` replaces what GitHub says of that."""
        clone, number = self._clone(name), str(len(name) + 100)
        runs = clone.parent / "runs"
        runs.mkdir()
        (runs / number).symlink_to(of.artifacts)
        head = git("-C", str(of.clone), "rev-parse", "HEAD")
        said: dict[str, object] = {"id": number, "event": "pull_request", "head_sha": head}
        said |= {"head_repository": {"full_name": REPOSITORY}, **told}
        more = {"GITHUB_REPOSITORY": REPOSITORY, "STAND_IN_RUNS": str(runs)}
        words = ("--secret", "GITHUB_TOKEN=t0p")
        return self._start(clone, "record", "workflow_run", {"workflow_run": said}, more, *words).run()

    def _start(
        self,
        clone: Path,
        workflow: str,
        event: str,
        content: Mapping[str, Any],
        more: Mapping[str, str],
        *words_more: str,
    ) -> "Running":
        place = clone.parent
        (place / "event.json").write_text(json.dumps(content))
        env = {**os.environ, "HOME": str(place / "home"), "TMPDIR": str(place / "tmp")}
        env["PATH"] = os.pathsep.join([str(scanning.FOLDER / "path"), str(PROGRAMS), os.environ["PATH"]])
        words = [str(PROGRAMS / "act"), event, "--workflows", f".github/workflows/{workflow}.yml"]
        words += [*self._words(place, clone, more), *words_more]
        with (place / "act.log").open("w") as log:
            return Running(subprocess.Popen(words, cwd=clone, env=env, stdout=log, stderr=subprocess.STDOUT), clone)

    def _clone(self, name: str) -> Path:
        place = self.folder / name
        for part in ("home/.cache/mlops-ci", "tmp", "artifacts", "cache"):
            (place / part).mkdir(parents=True)
        for part in ("scanners", "trivy"):
            (place / "home/.cache/mlops-ci" / part).symlink_to(scanning.FOLDER / part)
        shutil.rmtree(self.workshop.folder / "dvc-remote", ignore_errors=True)  # only the bare remote outlives a run
        clone = place / "repository"
        git("clone", "--quiet", str(self.origin), str(clone))
        return clone

    def _words(self, place: Path, clone: Path, more: Mapping[str, str]) -> list[str]:
        words = ["--json", "--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server"]
        words += ["--eventpath", str(place / "event.json")]
        words += ["--action-cache-path", str(place / "cache")]
        for use in sorted(uses(clone)):
            action = use.partition("@")[0]
            if action.startswith("mlops-ci/mlops-ci/"):
                commit = use.partition("@")[2]
                words += ["--local-repository", f"mlops-ci/mlops-ci@{commit}={self.folder / 'mlops-ci'}"]
            elif action != "actions/checkout":
                repository = "/".join(action.split("/")[:2])
                at = f"{repository}@{use.partition('@')[2]}"
                words += ["--local-repository", f"{at}={STAND_INS / repository}"]
        variables = {
            "STAND_IN_PYTHON": sys.executable,
            "STAND_IN_PIP": str(self.folder / "pip"),
            "STAND_IN_ARTIFACTS": str(place / "artifacts"),
            "STAND_IN_CACHE": str(self.cache),
            "MLOPS_CI_ENVIRONMENTS": str(ENVIRONMENTS),
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as: build with what is installed already
            "MLOPS_CI_SCAN__DATABASE_MIN_MB": "0.01",  # the tests' own
            "MLOPS_CI_SCAN__OFF": "pip-audit",  # it asks a service
            "OMP_NUM_THREADS": "1",  # jobs share what would be several machines
            **{name: os.environ[name] for name in TRUST if name in os.environ},
            **more,
        }
        if registry := more.get("STAND_IN_REGISTRY"):  # a variable of the repository, as its settings page has them
            words += ["--var", f"MLOPS_CI_IMAGE={registry}"]
        return words + [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]


def make_stage(folder: Path, prepare: Callable[[Workshop], None] = lambda _: None) -> Stage:
    """Return a stage with a generated repository; `prepare` works on it before anything runs."""
    furnish(folder)
    workshop = Workshop(folder)
    workshop.bake()
    prepare(workshop)
    return Stage(folder, workshop)


def furnish(folder: Path) -> None:
    """Put our actions into a folder, and the pip that they install with."""
    for name in ("actions", "requirements", "src"):
        shutil.copytree(ROOT / name, folder / "mlops-ci" / name, ignore=shutil.ignore_patterns("__pycache__"))
    venv.EnvBuilder(with_pip=True).create(folder / "with-pip")
    (folder / "pip").symlink_to(next((folder / "with-pip").glob("lib/python3*/site-packages")))
    ENVIRONMENTS.mkdir(exist_ok=True)
    (folder / "kept").mkdir()


def git(*words: str) -> str:
    """Run git as somebody, and return what it printed."""
    identity = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(["git", *words], env={**os.environ, **identity}, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def uses(repository: Path) -> set[str]:
    """Return every action of the workflows, with its commit."""
    return {step["uses"] for step in steps(repository) if "uses" in step}


def steps(repository: Path, workflows: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the steps of workflows (by name; all of them by default)."""
    paths = sorted((repository / ".github/workflows").glob("*.yml"))
    chosen = [yaml.safe_load(path.read_text()) for path in paths if not workflows or path.stem in workflows]
    return [step for workflow in chosen for job in workflow["jobs"].values() for step in job["steps"]]


def all_of(*changes: Change) -> Change:
    """Return several changes as one."""

    def change(repository: Path) -> None:
        for one in changes:
            one(repository)

    return change


def edit(path: str, old: str, new: str) -> Change:
    """Return a change of one place in one file."""

    def change(repository: Path) -> None:
        text = (repository / path).read_text()
        assert text.count(old) == 1, f"the template's {path} has changed"
        (repository / path).write_text(text.replace(old, new))

    return change


def shells_of(place: Path, *words: str) -> list[psutil.Process]:
    """Return the processes that run below a folder, by the words of their command line."""
    found = []
    for one in psutil.process_iter(["cmdline", "cwd"]):
        line = one.info["cmdline"] or []
        if str(place) in (one.info["cwd"] or "") and "python" in "".join(line[:1]) and all(w in line for w in words):
            found.append(one)
    return found


def wait_for(happened: Any, seconds: float = 240.0) -> None:  # noqa: ANN401 - a condition
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")
