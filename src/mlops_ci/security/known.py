"""What the base of a pull request has already: only what is new blocks."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from mlops_ci.scanner import Unread
from mlops_ci.security import jobs, running, tree
from mlops_ci.security.base import Base
from mlops_ci.security.lines import Lines
from mlops_ci.security.problems import Problem, Said, problems
from mlops_ci.security.running import Outcome, Workshop
from mlops_ci.settings.scan import ScanSettings
from mlops_ci.tools.git import Git


def by_base(
    seen: Sequence[Problem], outcomes: Sequence[Outcome], options: ScanSettings, before: Base, shop: Workshop
) -> Collection[str]:
    """Return the fingerprints of what the base has already: its files are looked at by the same scanners."""
    names = {name for one in seen for name in one.sources} | {one.job.name for one in outcomes if one.look.unread}
    if not names:
        return frozenset()
    git = Git(shop.root)
    exported = git.export(before.commit, shop.folder / "base")
    found = tree.read(exported, options.exclude, exported=True)
    model_files = found.below(options.models)
    listed = jobs.of_tree(found, model_files, (), shop.tools / "trivy", options.osv_url)
    chosen = [one for one in jobs.chosen(listed, options) if one.name in names]
    old = git.renamed(before.commit)
    results = running.run(chosen, replace(shop, root=exported))
    lines = Lines(exported)
    former = problems(running.said(results), options.severities, lines.text)
    renamed = {former_path: new for new, former_path in old.items()}
    moved = [_moved(one, renamed) for one in running.said(results)]
    after = problems(moved, options.severities, lambda path, number: lines.text(old.get(path, path), number))
    unread = {unread_key(each.job.name, one) for each in results for one in each.look.unread}
    return unread.union(one.fingerprint for one in (*former, *after))


def _moved(said: Said, renamed: dict[str, str]) -> Said:
    path: Any = said.issue.path
    return replace(said, issue=replace(said.issue, path=renamed.get(path, path)))


def unread_key(scanner: str, one: Unread) -> str:
    """Return what names a file that a scanner could not read, as a fingerprint names a problem."""
    return f"unread {scanner} {one.path}"
