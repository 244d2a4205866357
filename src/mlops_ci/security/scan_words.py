"""What a scan tells about itself: what it could not read, which scanner could not look, and numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence

from mlops_ci.errors import MlopsCiError
from mlops_ci.report import SEVERITIES, Finding, Location, Measurement
from mlops_ci.scanner import Unread
from mlops_ci.security.policy import Judged
from mlops_ci.security.running import Outcome
from mlops_ci.security.tree import Tree


def unread(one: Unread, scanner: str, *, known: bool) -> Finding:
    """Return the finding that a file could not be looked into; where the base has it, too, it stops nothing."""
    return Finding(
        "MCI-SCAN-010",
        "medium",
        "informs" if known else "undecided",
        f"{scanner} could not read {one.path}"[:300],
        f"{'The base has it already. ' * known}{one.reason[:300]}. Nobody knows what is in it: correct it, or "
        "name it in scan.exclude.",
        Location(one.path, name=scanner),
    )


def failed(outcome: Outcome) -> Finding:
    """Return the finding that a scanner did not look; the report's error says more."""
    return Finding(
        "MCI-SCAN-011",
        "high",
        "undecided",
        f"{outcome.job.name} could not judge",
        f"{str(outcome.failure)[:600]} What it would have found is not known; the others' findings stand here.",
        Location(name=outcome.job.name),
        {"exit_code": outcome.failure.exit_code if outcome.failure else 0},
    )


def no_bill(failure: MlopsCiError) -> Finding:
    """Return the finding that the bill of materials could not be written."""
    said = f"{str(failure)[:600]} Nobody can look up later what this release is made of."
    return Finding("MCI-SCAN-011", "high", "undecided", "The bill of materials could not be written", said)


def turned_off(scanner: str) -> Finding:
    """Return the finding that somebody turned a scanner off."""
    said = "scan.off names it, so nobody looks for what it would find. Remove it there to turn it on."
    return Finding("MCI-SCAN-014", "medium", "informs", f"{scanner} is turned off", said, Location(name=scanner))


def measurements(
    tree: Tree, outcomes: Sequence[Outcome], judged: Sequence[Judged], database: Mapping[str, float | str]
) -> tuple[Measurement, ...]:
    """Return how many problems each scanner has a part in, and what was looked at."""
    found = [
        Measurement(
            one.job.name,
            "problems",
            value=None if one.failure else float(sum(one.job.name in each.problem.sources for each in judged)),
            n=len(one.job.files) or 1,
            method="not installed" if one.absent else "could not judge" if one.failure else f"{one.job.group} scan",
            evidence={
                "seconds": one.seconds,
                "cached": one.cached,
                "unread": len(one.look.unread),
                "binary": one.look.binary,
            },
        )
        for one in outcomes
    ]
    severities = Counter(each.problem.severity for each in judged)
    excuses = Counter(each.excuse.split(":")[0].split(" by ")[0] for each in judged if each.excuse)
    whole = Measurement(
        "everything",
        "problems",
        value=float(len(judged)),
        n=len(tree.files),
        evidence={
            **{one: severities[one] for one in SEVERITIES},
            "do not block": dict(excuses),
            "links not followed": len(tree.links),
            "excluded": tree.excluded,
        },
    )
    known = [Measurement("vulnerability database", "age", evidence=database, unit="h",
                         value=float(database["age_hours"]))] if database else []  # fmt: skip
    return (whole, *found, *known)
