"""Which key signs evidence on this machine, and which keys a commit of the repository trusts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_ci.errors import UsageProblem
from mlops_ci.evidence import keys, seal_report
from mlops_ci.release import worktree
from mlops_ci.tools.git import Git

if TYPE_CHECKING:  # the library is needed only where something is signed or checked
    from securesystemslib.signer import CryptoSigner, Key

PUBLIC = "evidence.pub.pem"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of a repository on this machine."""

    git: Git
    file: Path  # this machine's own private key, below the workspace
    secret: str | None = field(default=None, repr=False)  # a private key in PEM, instead of the file's
    named: tuple[str, ...] = ()  # files with public keys, relative to the repository
    run: str | None = None  # the workflow run that signs, by its URL

    def signer(self) -> "CryptoSigner":
        """Return the private key; made at first use where there is none."""
        return keys.load_or_make(self.secret, self.file)

    def trusted(self, commit: str) -> tuple["Key", ...]:
        """Return the public keys that count: the named files as they are at `commit`, otherwise our own key.

        An edit that is not committed adds no key.

        Raises:
            UsageProblem: the commit does not have a named file, or it is no public key.
        """
        if self.named:
            return tuple(keys.public_key(self._at(commit, name), name) for name in self.named)
        own = keys.load(self.secret, self.file)
        return (own.public_key,) if own else ()

    def keep(self, report: Mapping[str, Any], path: Path) -> Path | None:
        """Write the sealed evidence that a report (as JSON) is; return where, None where it proves nothing.

        It proves something when it passed, and when a commit describes what was judged: HEAD is the commit that
        the report names, and the work tree is clean. Earlier evidence is removed otherwise.
        """
        path.unlink(missing_ok=True)
        inputs = report.get("inputs") or {}
        commit = inputs.get("commit")
        if report.get("verdict") != "pass" or not commit or self._changed(str(commit)):
            return None
        signer = self.signer()
        sealed = seal_report({**report, **({"run": self.run} if self.run else {})}, signer)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(sealed)
        partial.replace(path)
        path.with_name(PUBLIC).write_text(keys.public_pem(signer), encoding="utf-8")  # whoever gets both can verify
        return path

    def _at(self, commit: str, name: str) -> str:
        text = self.git.read(commit, f"./{name}")
        if text is None:
            raise UsageProblem(f"`trusted_keys` names {name}, which commit {commit[:12]} does not have. Commit it.")
        return text

    def _changed(self, commit: str) -> bool:
        """Say whether the work tree differs from a commit; what we write ourselves does not count."""
        return self.git.head() != commit or bool(
            worktree.changed(self.git, ":(top)", f":(exclude){self.file.parent.parent.name}")
        )
