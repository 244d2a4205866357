"""checkov judges Terraform, Kubernetes, CloudFormation and Dockerfiles; comments that skip a check do not count."""

from typing import Any

from mlops_ci.scanner import Issue, Look, Sandbox, Unread, malformed

_FOUND = (0, 1)  # 1 says that it found something
# It leaves out hidden folders, and some others by their names; people put things there.
_EVERYWHERE = {"CKV_IGNORE_HIDDEN_DIRECTORIES": "false", "CKV_IGNORED_DIRECTORIES": "/"}
_FRAMEWORKS = ("terraform", "cloudformation", "kubernetes", "helm", "kustomize", "dockerfile")


def scan(sandbox: Sandbox) -> Look:
    """Return what the infrastructure described below the folder does that it should not.

    Raises:
        ProgramFailed: checkov crashed, took too long, or printed something else than its report.
    """
    flags = ("--output", "json", "--skip-download", "--framework", *_FRAMEWORKS)
    done = sandbox.parse(sandbox.run("--directory", sandbox.folder, *flags, ok=_FOUND, env=_EVERYWHERE).stdout)
    try:
        reports = [one for one in (done if isinstance(done, list) else [done]) if "results" in one]
        issues, unread = list[Issue](), dict[str, Unread]()
        for report in reports:
            results = report["results"]
            issues += [_issue(one, sandbox) for one in (*results["failed_checks"], *results["skipped_checks"])]
            unread |= {path: Unread(path, "checkov cannot parse it") for path in _paths(results, sandbox)}
        return Look(tuple(issues), tuple(unread.values()))
    except (KeyError, TypeError) as problem:
        raise malformed("checkov", problem) from problem


def _paths(results: dict[str, Any], sandbox: Sandbox) -> list[str]:
    return [sandbox.relative(one) for one in results["parsing_errors"]]


def _issue(raw: dict[str, Any], sandbox: Sandbox) -> Issue:
    skipped = raw["check_result"].get("suppress_comment") is not None
    return Issue(
        rule=raw["check_id"],
        title=raw["check_name"],
        text="A comment skips this check; only a waiver counts." if skipped else "",
        severity=raw["severity"] or "",
        path=sandbox.relative(raw["file_path"]),
        line=max(1, raw["file_line_range"][0]),
        end=raw["file_line_range"][1],
        name=raw["resource"],
        url=raw["guideline"] or "",
    )
