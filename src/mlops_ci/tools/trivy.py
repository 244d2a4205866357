"""Trivy looks for vulnerable packages, secrets, licences and misconfiguration in folders and container images."""

import json
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_ci.errors import ProgramMissing
from mlops_ci.scanner import Issue, Look, Sandbox, Unread, malformed

# Requirements are found by more names than Trivy knows by itself.
_PATTERNS = (r"pip:(^|/)requirements[^/]*\.txt$", r"pip:(^|/)requirements/[^/]+\.txt$")
_UNPARSED = re.compile(r'Error parsing file.*?file_path="([^"]+)".*?err="([^"]*)')
_KINDS = "azure-arm,cloudformation,dockerfile,helm,kubernetes,terraform"
_OURS = "MCI-COMPOSE"  # our own rules, which know no line
# It leaves tests, examples and Markdown out of its search for secrets; people do not.
_NO_EXCEPTIONS = ("tests", "examples", "vendor", "usr-dirs", "locale-dir", "markdown", "node.js", "golang", "python",
                  "rubygems", "wordpress", "anaconda-log")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Database:
    """The vulnerability database on this machine."""

    updated: datetime
    size: int  # bytes


def database(cache: Path) -> Database:
    """Return what is known of the database in Trivy's cache.

    Raises:
        ProgramMissing: there is none that can be read.
    """
    folder = cache / "db"
    try:
        raw = json.loads((folder / "metadata.json").read_bytes())
        return Database(datetime.fromisoformat(raw["UpdatedAt"]), (folder / "trivy.db").stat().st_size)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ProgramMissing(f"There is no vulnerability database of Trivy in {folder}.") from problem


def renew(sandbox: Sandbox, cache: Path) -> None:
    """Bring the newest database, whole or not at all: when it fails, Trivy itself would spoil the one that is here."""
    fresh = sandbox.home / "fresh"
    sandbox.run(*_common(sandbox, fresh), "image", "--download-db-only", "--no-progress")
    shutil.rmtree(cache / "db", ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    shutil.move(fresh / "db", cache / "db")


def dependencies(sandbox: Sandbox, cache: Path) -> Look:
    """Return vulnerable packages and licences among what the lock files below the folder name."""
    words = ("filesystem", "--scanners", "vuln,license", "--skip-db-update", "--offline-scan")
    return _look(sandbox, cache, *words, *(word for one in _PATTERNS for word in ("--file-patterns", one)))


def secrets(sandbox: Sandbox, cache: Path) -> Look:
    """Return the secrets in the files below the folder, without their values."""
    rules = sandbox.home / "secrets.yaml"
    rules.write_text("".join(["disable-allow-rules:\n", *(f"  - {one}\n" for one in _NO_EXCEPTIONS)]))
    return _look(sandbox, cache, "filesystem", "--scanners", "secret", "--secret-config", rules)


def infrastructure(sandbox: Sandbox, cache: Path) -> Look:
    """Return misconfiguration of what is described below the folder."""
    words = ("filesystem", "--scanners", "misconfig", "--skip-check-update", "--misconfig-scanners", _KINDS)
    return _look(sandbox, cache, *words)


def by_rules(sandbox: Sandbox, cache: Path, rules: Path, namespace: str) -> Look:
    """Return what a folder of rules in Rego says about the YAML files below the folder.

    Trivy then takes all of them for plain YAML: whatever is Kubernetes must be looked at apart.
    """
    words = ("filesystem", "--scanners", "misconfig", "--skip-check-update", "--misconfig-scanners", "yaml")
    more = ("--config-check", rules, "--check-namespaces", namespace)
    return _look(sandbox, cache, *words, *more)


def image(sandbox: Sandbox, cache: Path, archive: Path | None, reference: str) -> Look:
    """Return everything about a container image: in an archive, or by a reference that the Docker engine has."""
    words = ("image", "--scanners", "vuln,secret,license", "--image-config-scanners", "misconfig,secret",
             "--skip-db-update", "--skip-check-update", "--offline-scan", "--cache-backend", "memory",
             "--image-src", "docker")  # fmt: skip
    what: tuple[str | Path, ...] = ("--input", archive) if archive else ("--", reference)
    return _look(sandbox, cache, *words, what=what)


def bill_of_materials(sandbox: Sandbox, cache: Path, archive: Path | None, reference: str) -> dict[str, Any]:
    """Return the CycloneDX document of a container image, or of what the folder's lock files name."""
    words: tuple[str | Path, ...] = ("filesystem", *(word for one in _PATTERNS for word in ("--file-patterns", one)))
    what: tuple[str | Path, ...] = (sandbox.folder.parent,)
    if archive or reference:
        words = ("image", "--cache-backend", "memory", "--image-src", "docker")
        what = ("--input", archive) if archive else ("--", reference)
    done: dict[str, Any] = sandbox.json(*_common(sandbox, cache), "--quiet", *words, "--format", "cyclonedx", *what)
    return done


def _common(sandbox: Sandbox, cache: Path) -> tuple[str | Path, ...]:
    nothing = sandbox.home / "nothing.yaml"  # no settings of a repository, and no list of what is ignored
    nothing.write_text("{}\n")
    timeout = f"{max(1, int(sandbox.timeout))}s"
    return ("--config", nothing, "--cache-dir", cache, "--timeout", timeout)


def _look(sandbox: Sandbox, cache: Path, *words: str | Path, what: tuple[str | Path, ...] = ()) -> Look:
    """Run one kind of scan on `what`, or on the folder.

    Trivy leaves out `dev`, `proc` and `sys` at the top of what it is given, so it is given the folder above.
    """
    ignored = sandbox.home / "ignored"
    ignored.touch()
    report = sandbox.home / "report.json"
    flags = ("--format", "json", "--output", report, "--ignorefile", ignored, "--no-progress")
    done = sandbox.run(*_common(sandbox, cache), *words, *flags, *(what or ("--", sandbox.folder.parent)))
    found = sandbox.parse(report.read_text(encoding="utf-8") if report.is_file() else "")
    try:
        results = found.get("Results") or ()
        inside = f"{sandbox.folder.name}/"
        issues = [one for result in results for one in _issues(result, str(result["Target"]).removeprefix(inside))]
        unread = {path.removeprefix(inside): said for path, said in _UNPARSED.findall(done.stderr)}
        return Look(tuple(issues), tuple(Unread(path, said) for path, said in unread.items()))
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise malformed("trivy", problem) from problem


def _issues(result: dict[str, Any], path: str) -> list[Issue]:
    kind = result["Class"]
    found = [_vulnerability(one, path, of_system=kind == "os-pkgs") for one in result.get("Vulnerabilities") or ()]
    found += [_secret(one, path) for one in result.get("Secrets") or ()]
    found += [_misconfiguration(one, path) for one in result.get("Misconfigurations") or () if one["Status"] == "FAIL"]
    return found + [_licence(one, path) for one in result.get("Licenses") or ()]


def _vulnerability(raw: dict[str, Any], path: str, *, of_system: bool) -> Issue:
    scores = [score for one in (raw.get("CVSS") or {}).values() for name in ("V3Score", "V40Score", "V2Score")
              if (score := one.get(name))]  # fmt: skip
    return Issue(
        rule=raw["VulnerabilityID"],
        title=raw.get("Title") or f"{raw['PkgName']} is vulnerable",
        text=raw.get("Description", ""),
        severity=raw["Severity"],
        path=raw.get("PkgPath") or path,
        url=raw.get("PrimaryURL", ""),
        aliases=tuple(raw.get("VendorIDs") or ()),
        package=raw["PkgName"],
        version=raw["InstalledVersion"],
        fixed=raw.get("FixedVersion", ""),
        score=max(scores, default=None),
        of_system=of_system,
        kind="vulnerability",
    )


def _secret(raw: dict[str, Any], path: str) -> Issue:
    line = raw["StartLine"] or 1
    return Issue(raw["RuleID"], raw["Title"], severity=raw["Severity"], path=path, line=line, kind="secret")


def _misconfiguration(raw: dict[str, Any], path: str) -> Issue:
    cause = raw.get("CauseMetadata") or {}
    return Issue(
        rule=raw["ID"],
        title=raw["Title"],
        text=f"{str(raw['Message']).rstrip('.')}. {raw.get('Resolution', '')}",
        severity=raw["Severity"],
        path=path,
        line=cause.get("StartLine") or 1,
        end=cause.get("EndLine"),
        name=cause.get("Resource") or (str(raw["Message"])[:120] if str(raw["ID"]).startswith(_OURS) else ""),
        url=raw.get("PrimaryURL", ""),
        aliases=(raw["AVDID"],) if raw.get("AVDID") else (),
        kind="configuration",
    )


def _licence(raw: dict[str, Any], path: str) -> Issue:
    return Issue(
        rule=raw["Name"],
        title=f"{raw.get('PkgName') or raw.get('FilePath')} is under {raw['Name']}",
        severity=raw["Severity"],
        path=raw.get("FilePath") or path,
        url=raw.get("Link", ""),
        package=raw.get("PkgName", ""),
        kind="licence",
    )
