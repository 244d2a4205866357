"""git, called as a program; a token reaches it through its environment, never through its arguments."""

import base64
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_ci.errors import NothingToJudge, ProgramFailed, UsageProblem
from mlops_ci.process import Completed, failure, run

# Commits on the state branch are ours whoever runs us; a person's own signature must not be needed at night.
_AUTHOR = {
    "GIT_AUTHOR_NAME": "mlops-ci",
    "GIT_AUTHOR_EMAIL": "mlops-ci@users.noreply.github.com",
    "GIT_COMMITTER_NAME": "mlops-ci",
    "GIT_COMMITTER_EMAIL": "mlops-ci@users.noreply.github.com",
}
_ROUTINE = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
# How git says that somebody else pushed first, in its versions so far.
_MOVED = (
    "fetch first",
    "non-fast-forward",
    "cannot lock ref",
    "stale info",
    "incorrect old value provided",
    "reference already exists",
)
# How it says that a remote has no such commit.
_UNKNOWN = ("not our ref", "couldn't find remote ref", "no such remote ref")


class OriginAway(ProgramFailed):
    """The remote could not be read, as opposed to having refused something; it may be back soon."""


class PushRefused(ProgramFailed):
    """The remote did not take a push; with `moved`, because somebody else pushed first."""

    def __init__(self, message: str, *, moved: bool) -> None:
        super().__init__(message)
        self.moved = moved


def not_here(commit: str) -> NothingToJudge:
    """Return what to say of a commit that the clone lacks: a release's is tagged, should its branch be gone."""
    remedy = "Fetch it: git fetch --tags, and with --unshallow where the clone is shallow."
    return NothingToJudge(f"Commit {commit} is not in this clone. {remedy}")


@dataclass(frozen=True, slots=True)
class Git:
    """A repository's work tree and its remote `origin`."""

    root: Path
    token: str | None = field(default=None, repr=False)

    def call(
        self, *words: str, check: bool = True, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Completed:
        """Run `git words…` in the repository."""
        return run(
            ["git", "-C", self.root, *words], env={**_ROUTINE, **(env or {})}, stdin=stdin, check=check, timeout=60
        )

    def head(self) -> str:
        """Return the commit that is checked out; raise UsageProblem without one."""
        done = self.call("rev-parse", "--verify", "--quiet", "HEAD^{commit}", check=False)
        if done.code:
            raise UsageProblem(f"{self.root} is not a git repository with a commit. Run: git init, then commit.")
        return done.stdout.strip()

    def demand_branch(self) -> None:
        """Raise UsageProblem unless a branch is checked out."""
        self.head()
        if self.call("symbolic-ref", "--quiet", "HEAD", check=False).code:
            raise UsageProblem("HEAD is detached, so this commit may be lost. Check out a branch: git switch main.")

    def demand_origin(self) -> str:
        """Return the URL of `origin`; raise UsageProblem when there is none."""
        self.head()
        done = self.call("remote", "get-url", "origin", check=False)
        if done.code:
            raise UsageProblem(
                "There is no remote named origin, where releases are recorded. Run: git remote add origin URL."
            )
        return done.stdout.strip()

    def fetch(self, ref: str) -> str | None:
        """Return the commit that `ref` names on origin, fetched; None when origin has no such ref."""
        listed = self._remote("ls-remote", "--exit-code", "origin", ref)
        if listed.code == 2:  # noqa: PLR2004 - git's own code for "no such ref"
            return None
        if listed.code:
            raise OriginAway(f"origin cannot be read. {failure(listed)}")
        commit = listed.stdout.split()[0]
        fetched = self._remote("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "origin", ref)
        if fetched.code:
            raise OriginAway(f"{ref} cannot be fetched. {failure(fetched)}")
        return commit

    def read(self, commit: str, path: str) -> str | None:
        """Return a file's text at a commit; None when it is not there."""
        done = self.call("cat-file", "blob", f"{commit}:{path}", check=False)
        return None if done.code else done.stdout

    def commit_of(self, revision: str) -> str:
        """Return the commit that a revision names; raise UsageProblem when it names none."""
        done = self.call("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", check=False)
        if done.code:
            raise UsageProblem(f"{revision} names no commit in {self.root}. Fetch it, or name another revision.")
        return done.stdout.strip()

    def parents_of(self, commit: str) -> tuple[str, ...] | None:
        """Return the parents of a commit of origin; None where origin has none of that name.

        It is fetched into a repository that is thrown away: nothing of what it holds comes near this one.

        Raises:
            OriginAway: origin cannot be read.
        """
        with TemporaryDirectory() as folder:
            aside = ("--git-dir", folder)
            self.call(*aside, "init", "--quiet", "--bare")
            fetched = self._remote(*aside, "fetch", "--quiet", "--depth=1", "--", self.demand_origin(), commit)
            if any(word in fetched.stderr for word in _UNKNOWN):
                return None
            if fetched.code:
                raise OriginAway(f"{commit} cannot be fetched. {failure(fetched)}")
            head = self.call(*aside, "cat-file", "commit", commit).stdout.partition("\n\n")[0]
        return tuple(line.removeprefix("parent ") for line in head.splitlines() if line.startswith("parent "))

    def renamed(self, commit: str) -> dict[str, str]:
        """Return new path → old path of the files renamed since a commit, relative to the root of this work tree."""
        words = ("--relative", "--find-renames=30%", "--diff-filter=R", "--name-status", "-z")
        names = self.call("diff", *words, commit).stdout.split("\0")
        return {new: old for _, old, new in zip(names[::3], names[1::3], names[2::3], strict=False)}

    def committed_at(self, commit: str) -> float:
        """Return when a commit was made, in seconds since the epoch."""
        return float(self.call("show", "--no-patch", "--format=%ct", commit).stdout)

    def history(self, commit: str, path: str, most: int = 1000) -> list[str]:
        """Return the commits that changed a file, newest first."""
        return self.call("log", f"-{most}", "--format=%H", commit, "--", path).stdout.split()

    def commit(self, parent: str | None, files: Mapping[str, bytes], message: str) -> str:
        """Return a new commit on top of `parent` with some files changed; no branch or work tree is touched."""
        entries = self.call("ls-tree", "-r", "-z", "--full-tree", parent).stdout.split("\0") if parent else []
        kept = [entry for entry in entries if entry and entry.split("\t", 1)[1] not in files]
        for path, content in files.items():
            blob = self.call("hash-object", "-w", "--stdin", stdin=content).stdout.strip()
            kept.append(f"100644 blob {blob}\t{path}")
        with TemporaryDirectory() as folder:  # one for each call: others may write at the same time
            own_index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.call("update-index", "-z", "--index-info", stdin="\0".join(kept).encode() + b"\0", env=own_index)
            tree = self.call("write-tree", env=own_index).stdout.strip()
        parents = ["-p", parent] if parent else []
        return self.call("commit-tree", tree, *parents, stdin=message.encode(), env=_AUTHOR).stdout.strip()

    def push(self, commit: str, ref: str, *, replace: bool = False) -> None:
        """Push a commit to a ref of origin: on top of what is there, or with `replace` instead of it.

        An empty commit with `replace` removes the ref.

        Raises:
            PushRefused: the remote has moved on, forbids it, or cannot be reached.
        """
        done = self._remote("push", "--porcelain", "--no-verify", "origin", f"{'+' * replace}{commit}:{ref}")
        if done.code:
            said = done.stdout + done.stderr
            moved = any(word in said for word in _MOVED)
            raise PushRefused(f"The push to {ref} was refused. {failure(done)}", moved=moved)

    def export(self, commit: str, folder: Path) -> Path:
        """Write the files of a commit into a new folder, whole or not at all; return where `root` is among them.

        Raises:
            NothingToJudge: the commit is not in this repository (a shallow clone, perhaps).
        """
        inside = self.call("rev-parse", "--show-prefix").stdout.strip()  # root may be a part of the repository
        if folder.is_dir():
            return folder / inside
        whole = Git(Path(self.call("rev-parse", "--show-toplevel").stdout.strip()))
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        with TemporaryDirectory() as place:
            own_index = {"GIT_INDEX_FILE": str(Path(place) / "index")}
            if whole.call("read-tree", commit, env=own_index, check=False).code:
                raise not_here(commit)
            whole.call("checkout-index", "--all", f"--prefix={partial}/", env=own_index)
        partial.rename(folder)
        return folder / inside

    def versions_between(self, base: str, head: str) -> dict[str, str]:
        """Return `commit/path` → blob of what commits since the base brought and the head has no more."""
        here = {entry.split()[2] for entry in self.call("ls-tree", "-r", "-z", head).stdout.split("\0") if entry}
        flags = ("--format=%x01%H", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=AM", "-m")
        found, commit = dict[str, str](), ""
        tokens = iter(self.call("log", *flags, "--relative", f"{base}..{head}", "--").stdout.split("\0"))
        for token in tokens:
            if token.startswith("\x01"):
                commit = token[1:].strip()
            elif token.lstrip("\n").startswith(":"):
                blob, path = token.split()[3], next(tokens, "")
                if blob not in here and blob not in found.values():
                    found[f"{commit[:12]}/{path}"] = blob
        return found

    def lay_out(self, blobs: Mapping[str, str], folder: Path) -> None:
        """Write contents into a new folder, each under its name."""
        folder.mkdir(parents=True)
        listed = "".join(f"100644 {blob}\t{name}\0" for name, blob in blobs.items())
        with TemporaryDirectory() as place:
            own_index = {"GIT_INDEX_FILE": str(Path(place) / "index")}
            self.call("update-index", "-z", "--index-info", stdin=listed.encode(), env=own_index)
            self.call("checkout-index", "--all", f"--prefix={folder}/", env=own_index)

    def _remote(self, *words: str) -> Completed:
        return self.call(*words, check=False, env=self._credentials())

    def _credentials(self) -> dict[str, str]:
        if not self.token:
            return {}
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }
