"""This machine as the doctor sees it: the programs that the steps need, and the remote that keeps the record."""

import re
from collections.abc import Iterator

from mlops_ci import process
from mlops_ci.errors import ProgramFailed, ProgramMissing, UsageProblem
from mlops_ci.journeys.doctor_finding import found, unseen
from mlops_ci.release.branch import BRANCH
from mlops_ci.report import Finding
from mlops_ci.tools.git import Git, OriginAway


def versions(names: list[str]) -> tuple[dict[str, str], list[Finding]]:
    """Return program → version, and a finding about each that is not here or does not run."""
    versions_, findings = dict[str, str](), list[Finding]()
    for name in names:
        try:
            said = process.run([name, "--version"], env=process.NO_SECRETS, timeout=60).stdout
            number = re.search(r"\d+(\.\d+)+", said)
            versions_[name] = number[0] if number else said.strip()[:40]
        except ProgramMissing as missing:
            findings.append(found("MCI-DOCTOR-014", f"{name} is not on this machine", str(missing)))
        except ProgramFailed as failed:
            findings.append(found("MCI-DOCTOR-014", f"{name} does not run", f"Mend it: {failed}"))
    return versions_, findings


def record(git: Git) -> Iterator[Finding]:
    """Yield why the state branch cannot be read; that nothing was released yet is fine."""
    try:
        git.demand_origin()
        git.fetch(BRANCH)
    except UsageProblem as none:
        yield found("MCI-DOCTOR-016", "There is nowhere to record releases", str(none))
    except OriginAway as away:
        yield unseen("the state branch", f"Make origin readable, with MLOPS_CI_GIT_TOKEN where it asks: {away}")
