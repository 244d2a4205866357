"""fickling decompiles pickles and says how far each must be mistrusted."""

from collections.abc import Sequence
from pathlib import Path

from mlops_ci.scanner import Issue, Look, Sandbox, Unread, malformed

_FOUND = (0, 1, 2)  # 1 says that it found something, 2 that it could not read a pickle
_HARMLESS = ("LIKELY_SAFE",)


def scan(sandbox: Sandbox, files: Sequence[str]) -> Look:
    """Return fickling's word on some pickles, named relative to the folder.

    Raises:
        ProgramFailed: fickling crashed, took too long, or wrote something else than its report.
    """
    looks = [_one(sandbox, file) for file in files]
    return Look(
        tuple(one for look in looks for one in look.issues), tuple(one for look in looks for one in look.unread)
    )


def _one(sandbox: Sandbox, file: str) -> Look:
    report = sandbox.home / "report.json"
    report.unlink(missing_ok=True)
    done = sandbox.run("--check-safety", "--json-output", report, sandbox.folder / file, ok=_FOUND)
    if not report.is_file():
        said = (done.stderr or done.stdout).strip().splitlines()
        return Look(unread=(Unread(file, said[0] if said else "fickling says nothing about it"),))
    found = sandbox.parse(Path(report).read_text(encoding="utf-8"))
    try:
        word, names = str(found["severity"]), found["detailed_results"].get("AnalysisResult", {})
    except (KeyError, TypeError, AttributeError) as problem:
        raise malformed("fickling", problem) from problem
    if word in _HARMLESS:
        return Look()
    title = str(found["analysis"]).strip().splitlines()[0][:300]
    return Look((Issue(word, title, severity=word, path=file, name=", ".join(sorted(names))),))
