"""A whole scan: subjects, jobs, the base's problems, and everything that is needed to judge."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlops_ci.errors import MlopsCiError, NothingToJudge
from mlops_ci.evidence import digest_bytes
from mlops_ci.ports import Clock, Progress
from mlops_ci.report import Severity
from mlops_ci.scanner import Unread
from mlops_ci.security import cache, database, jobs, known, programs, release, running, tree, waivers
from mlops_ci.security.base import Base, strictest
from mlops_ci.security.jobs import Job
from mlops_ci.security.lines import Lines
from mlops_ci.security.policy import Policy
from mlops_ci.security.problems import Problem, problems
from mlops_ci.security.running import Outcome, Workshop
from mlops_ci.security.tree import Tree
from mlops_ci.security.waivers import Waiver
from mlops_ci.settings import document
from mlops_ci.settings.scan import ScanSettings
from mlops_ci.tools.git import Git


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scan happens."""

    root: Path
    workspace: Path
    clock: Clock
    progress: Progress
    sensitive: Collection[str] = ()
    model: str = "model"  # its name


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scan saw."""

    tree: Tree
    outcomes: Sequence[Outcome]
    problems: Sequence[Problem]
    bill: Mapping[str, Any] | MlopsCiError | None = None  # of materials, where a model or an image is released
    known: Collection[str] = ()
    by_base: Mapping[str, Severity] = field(default_factory=dict)  # severities as the base's settings have them
    inputs: dict[str, str] = field(default_factory=dict)
    database: dict[str, float | str] = field(default_factory=dict)


def look(options: ScanSettings, place: Place, before: Base | None) -> Seen:
    """Return what all scanners that apply see, and which of it the base has already.

    What is laid out for them stands in a new folder with a name that nobody can know, and what is remembered outside
    of the repository: it must not bring answers of its own.

    Raises:
        NothingToJudge: there is nothing that any of them could look at.
    """
    place.workspace.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="scan-", dir=place.workspace, ignore_cleanup_errors=True) as work:
        return _look(strictest(before, options), place, before, Path(work))


def _look(options: ScanSettings, place: Place, before: Base | None, work: Path) -> Seen:
    found = tree.read(place.root, options.exclude, (*options.models, *options.data))
    tools = programs.folder_from(options.tools)
    model_files = found.below(options.models)
    listed = jobs.of_tree(found, model_files, place.sensitive, tools / "trivy", options.osv_url)
    shop = _workshop(options, place, work, tools)
    inputs = {"tree": shop.digests.of_all(place.root, found.files)} | release.model_digest(place.root, options.models)
    if options.image:
        archive, inputs["image"] = release.image(options.image, place.root, shop.digests)
        listed.append(jobs.of_image(options.image, archive, inputs["image"], tools / "trivy"))
    if before:
        listed += _history(place, before, work, tools)
    chosen = jobs.chosen(listed, options)
    names = {one.name for one in chosen}
    if "picklescan" not in names:  # a report names what was looked at, and no more: others rely on it
        inputs.pop("model", None)
    if "trivy image" not in names:
        inputs.pop("image", None)
    if not chosen:
        raise NothingToJudge("Nothing here concerns any scanner. Run it in a repository, or name another group.")
    if options.install:
        _install(chosen, shop)
    shop, about = database.with_database(shop, options, chosen)
    outcomes = running.run(chosen, shop)
    seen = problems(running.said(outcomes), options.severities, Lines(place.root).text)
    former = known.by_base(seen, outcomes, options, before, shop) if before and options.only_new else frozenset[str]()
    rated = problems(running.said(outcomes), before.settings.severities, Lines(place.root).text) if before else []
    by_base = {one.fingerprint: one.severity for one in rated}
    gate = place.workspace / "reports" / "gate-model.json"
    bill = release.bill_of_materials(found, shop, options, release.Named(place.model, gate), inputs)
    return Seen(found, outcomes, seen, bill, former, by_base, inputs, about)


def _workshop(options: ScanSettings, place: Place, work: Path, tools: Path) -> Workshop:
    kept = programs.folder_from(None) / "remembered"
    here = digest_bytes(str(place.root.resolve()).encode())[7:23]
    digests = cache.Digests(kept / f"digests-{here}.json", place.clock.now())
    return Workshop(place.root, work, kept, tools, options.time_limit, place.clock, place.progress, digests,
                    use_cache=options.cache)  # fmt: skip


def _install(chosen: Iterable[Job], shop: Workshop) -> None:
    """Bring the scanners that are needed; the scan says of one that cannot be brought that it could not judge."""
    for name in sorted({one.program for one in chosen if one.program} - programs.OPTIONAL):
        shop.progress.status(f"installing {name}")
        try:
            programs.install(name, shop.tools)
        except MlopsCiError as failure:
            shop.progress.note(f"{name} could not be installed: {failure}")


def policies(
    options: ScanSettings, here: Sequence[Waiver], before: Base | None, seen: Seen, today: date
) -> list[Policy]:
    """Return the head's policy, then the base's."""
    head = _policy(options, here, seen.known, today)
    if before is None:
        return [head]
    return [head, replace(_policy(before.settings, before.waivers, seen.known, today), severities=seen.by_base)]


def _policy(options: ScanSettings, listed: Sequence[Waiver], known: Collection[str], today: date) -> Policy:
    return Policy(
        options.fail_on,
        options.unfixed,
        options.formats,
        options.denied_licences,
        waivers.in_force(listed, today),
        known if options.only_new else (),
    )


def unread(found: Tree, outcomes: Iterable[Outcome]) -> Iterator[tuple[str, Unread]]:
    """Yield what could not be read, with who could not: once for each file and reason."""
    yield from (("scan", one) for one in found.unread)
    yield from ((each.job.name, one) for each in outcomes for one in each.look.unread)


def sensitive(settings: Path | None, model: str | None) -> tuple[str, ...]:
    """Return the columns that the section `data` marks as sensitive."""
    if settings is None:
        return ()
    section = document.section(settings.read_text(encoding="utf-8"), settings, model, "data") or {}
    named = section.get("sensitive") or ()
    return tuple(str(one).strip() for one in (named.split(",") if isinstance(named, str) else named))


def _history(place: Place, before: Base, folder: Path, tools: Path) -> list[Job]:
    git = Git(place.root)
    blobs = git.versions_between(before.commit, git.head())
    if not blobs:
        return []
    target = folder / "history"
    git.lay_out(blobs, target)
    names = [one for one in blobs if (target / one).is_file() and not (target / one).is_symlink()]
    return jobs.of_history(target, names, tools / "trivy") if names else []
