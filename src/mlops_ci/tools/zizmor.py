"""zizmor judges GitHub workflows and actions, offline; neither comments nor settings in the repository silence it."""

import re
from collections.abc import Sequence
from typing import Any

from mlops_ci.scanner import Issue, Look, Sandbox, Unread, malformed

_FOUND = (0, 11, 12, 13, 14)  # the worst severity, as an exit code
_NOTHING = 3  # none of the files is what it should be
_COMPLETED = re.compile(r"completed (.+)$", re.MULTILINE)


def scan(sandbox: Sandbox, files: Sequence[str]) -> Look:
    """Return how workflows, actions and Dependabot's settings below the folder can be abused.

    Every file that is given must be named among those it completed; otherwise it is unread.

    Raises:
        ProgramFailed: zizmor crashed, took too long, or printed something else than its report.
    """
    flags = ("--offline", "--no-config", "--no-ignores", "--collect=all", "--no-progress", "--color=never")
    paths = [sandbox.folder / one for one in files]
    done = sandbox.run(*flags, "--format=json-v1", "--", *paths, ok=(*_FOUND, _NOTHING))
    found = sandbox.parse(done.stdout) if done.code != _NOTHING else []
    completed = {sandbox.relative(one.strip()) for one in _COMPLETED.findall(done.stderr)}
    unread = [Unread(one, "it is not what GitHub expects there") for one in files if one not in completed]
    try:
        return Look(tuple(_issue(one, sandbox) for one in found), tuple(unread))
    except (KeyError, TypeError, StopIteration) as problem:
        raise malformed("zizmor", problem) from problem


def _issue(raw: dict[str, Any], sandbox: Sandbox) -> Issue:
    places = raw["locations"]
    place = next((one for one in places if one["symbolic"]["kind"] == "Primary"), places[0])
    start, end = (place["concrete"]["location"][which] for which in ("start_point", "end_point"))
    return Issue(
        rule=raw["ident"],
        title=raw["desc"],
        text=place["symbolic"]["annotation"],
        severity=raw["determinations"]["severity"],
        path=sandbox.relative(place["symbolic"]["key"]["Local"]["verbatim_path"]),
        line=start["row"] + 1,
        column=start["column"] + 1,
        end=end["row"] + 1,
        url=raw["url"],
    )
