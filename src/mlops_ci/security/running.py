"""Run scanners side by side, the longest first; one that fails costs its own answer and nobody else's."""

import re
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlops_ci import __version__, process
from mlops_ci.errors import MlopsCiError, ProgramFailed, ProgramMissing
from mlops_ci.ports import Clock, Progress
from mlops_ci.scanner import Issue, Look, Sandbox
from mlops_ci.security import cache, programs
from mlops_ci.security.jobs import Job
from mlops_ci.security.problems import Said
from mlops_ci.security.programs import Program
from mlops_ci.security.stage import mirror

_AT_ONCE = 8  # more than processors: the longest must not wait for the others


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job: what was seen, or why nothing was."""

    job: Job
    look: Look = field(default_factory=Look)
    failure: MlopsCiError | None = None
    version: str = ""
    seconds: float = 0.0
    cached: bool = False
    absent: bool = False  # an optional scanner that is not installed


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all jobs share."""

    root: Path  # of the tree
    folder: Path  # for mirrors: new, and gone afterwards
    kept: Path  # for what is remembered
    tools: Path
    timeout: float
    clock: Clock
    progress: Progress
    digests: cache.Digests
    database: str = ""  # which one: its date and size; empty where none may be used
    database_fault: MlopsCiError | None = None
    use_cache: bool = True


def run(jobs: Sequence[Job], shop: Workshop) -> list[Outcome]:
    """Return what became of each job, in their order."""
    ordered = sorted(jobs, key=lambda one: -one.weight)
    place = shop.folder / "jobs"
    try:
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            waiting = {one.name: pool.submit(_run, one, shop, place) for one in ordered}
            try:
                done = {name: one.result() for name, one in waiting.items()}
            except BaseException:  # interrupted: nobody waits for scanners any more
                pool.shutdown(wait=False, cancel_futures=True)
                process.end_running()
                raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
    shop.digests.keep()
    return [done[one.name] for one in jobs]


def _run(job: Job, shop: Workshop, place: Path) -> Outcome:
    began = shop.clock.monotonic()
    shop.progress.status(f"{job.name} looks at {len(job.files):,} files" if job.files else f"{job.name} looks")
    try:
        outcome = _looked(job, shop, place / job.name.replace(" ", "-"))
    except MlopsCiError as failure:
        outcome = Outcome(job, failure=failure, absent=_is_absent(job, failure))
    except (OSError, RecursionError, MemoryError, ValueError, LookupError, TypeError, AttributeError) as crash:
        outcome = Outcome(job, failure=ProgramFailed(f"{job.name} crashed: {type(crash).__name__}: {crash}"))
    return Outcome(job, outcome.look, outcome.failure, outcome.version, round(shop.clock.monotonic() - began, 3),
                   outcome.cached, outcome.absent)  # fmt: skip


def _is_absent(job: Job, failure: MlopsCiError) -> bool:
    return job.program in programs.OPTIONAL and isinstance(failure, ProgramMissing)


def _looked(job: Job, shop: Workshop, place: Path) -> Outcome:
    program = programs.find(job.program, shop.tools) if job.program else Program("", __version__)
    if job.needs_database and shop.database_fault:
        raise shop.database_fault
    root = job.root or shop.root
    content = shop.digests.of_all(root, job.files)
    database = shop.database if job.needs_database else ""
    key = f"{job.name}\0{program.version}\0{content}\0{job.salt}\0{job.image}\0{database}\0{__version__}"
    results = shop.kept / "answers"
    known = cache.load(results, key) if shop.use_cache and not job.needs_network else None
    if known is not None:
        return Outcome(job, known, version=program.version, cached=True)
    home = place / "home"
    home.mkdir(parents=True)
    stage = mirror(root, job.files, place / "files" / "tree", as_text=job.group == "secrets")
    box = Sandbox(program.path, stage.folder, home, shop.timeout, job.needs_network)
    aliases = stage.aliases
    there = {one.path for one in stage.unread}
    look = stage.real(job.look(box, tuple(aliases.get(one, one) for one in job.files if one not in there)))
    shutil.rmtree(place, ignore_errors=True)
    cache.store(results, key, look)
    return Outcome(job, look, version=program.version)


def said(outcomes: Iterable[Outcome]) -> list[Said]:
    """Return all issues with who said them, and where they really are."""
    return [
        Said(each.job.name, each.job.group, _placed(one, each.job)) for each in outcomes for one in each.look.issues
    ]


def _placed(issue: Issue, job: Job) -> Issue:
    """Return an issue with a path that says where it is: in the tree, in a commit of it, or in the image."""
    path = issue.path or ""
    if job.root:
        commit, _, path = path.partition("/")
        return replace(issue, path=path, name=f"commit {commit}")
    if job.image:
        whole = re.search(rf"{re.escape(Path(job.image).name)}( \(.*\))?$", path)  # the image itself, and its system
        return replace(issue, path=f"image://{'' if whole else path.lstrip('/')}")
    return issue
