"""The record on a real git remote: what is pushed, who wins a race, and what happens when origin refuses."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from builders import commit_all, git, git_repository
from mlops_ci.errors import NothingToJudge, ProgramFailed, UsageProblem
from mlops_ci.process import Completed
from mlops_ci.release import worktree
from mlops_ci.release.branch import BRANCH, Note, StateBranch
from mlops_ci.release.state import Release, State
from mlops_ci.tools.git import Git, PushRefused

pytestmark = pytest.mark.integration

Decision = Callable[[State], State]

FIRST = Release("7", f"sha256:{'a' * 64}", "c" * 40, "evidence/gate-model/a.json", "2026-11-22T10:00:00Z")
EMPTY = State("production", "delay")
RELEASED = replace(EMPTY, champion=FIRST)
DEPLOYED, OTHERS = ([f"deploy/production/{name}.{end}" for end in ("md", "yaml")] for name in ("delay", "other"))
NOTE = Note("Release v7: the first champion", "v7-aaaa", "2/5", 25, "pass", FIRST.evidence)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return git_repository(tmp_path / "work shop")


@pytest.fixture
def origin(root: Path) -> Path:
    return root.parent / "origin.git"


@pytest.fixture
def branch(root: Path) -> StateBranch:
    return StateBranch(Git(root), "production", "delay")


def somebody_else(root: Path, model: str = "delay") -> StateBranch:
    """Return the record as another clone of the same origin sees it."""
    clone = root.parent / "clone"
    if not clone.exists():
        git(root.parent, "clone", "--quiet", str(root.parent / "origin.git"), str(clone))
    return StateBranch(Git(clone), "production", model)


def champion(_: State) -> State:
    return RELEASED


def rejecting(digest: str) -> Decision:
    return lambda state: replace(state, rejected=(*state.rejected, digest))


def interrupted_by(happens: Callable[[], object], decide: Decision, seen: list[State], times: int = 1) -> Decision:
    """Return a decision during which something else happens, the first `times` times."""

    def wrapped(state: State) -> State:
        seen.append(state)
        if len(seen) <= times:
            happens()
        return decide(state)

    return wrapped


def hook(origin: Path, name: str, script: str) -> None:
    path = origin / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def log(origin: Path, form: str = "%s") -> list[str]:
    """Return the commits of the state branch, newest first."""
    return git(origin, "log", f"--format={form}", BRANCH).splitlines()


def files(origin: Path) -> list[str]:
    return git(origin, "ls-tree", "-r", "--name-only", BRANCH).splitlines()


def stored(branch: StateBranch, path: str) -> str | None:
    """Return a file's text on origin's state branch."""
    commit = branch.git.fetch(BRANCH)
    return branch.git.read(commit, path) if commit else None


def test_before_the_first_release_the_state_is_empty(branch: StateBranch) -> None:
    assert branch.read() == EMPTY
    assert branch.champions() == []
    assert stored(branch, "evidence/a.json") is None


def test_the_first_change_begins_a_branch_of_its_own(branch: StateBranch, origin: Path) -> None:
    assert branch.change(champion, NOTE) == RELEASED
    assert branch.read() == RELEASED
    assert files(origin) == DEPLOYED
    assert git(origin, "rev-list", "--count", BRANCH) == "1"  # it shares no history with the code


def test_an_origin_without_any_commit_takes_it_too(tmp_path: Path) -> None:
    root = git_repository(tmp_path / "new", origin=False)
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    git(root, "remote", "add", "origin", str(tmp_path / "origin.git"))
    branch = StateBranch(Git(root), "production", "delay")
    branch.change(champion, NOTE)
    assert branch.read() == RELEASED


def test_the_message_has_trailers_that_git_can_read(branch: StateBranch, origin: Path) -> None:
    branch.change(champion, NOTE)
    assert log(origin) == [NOTE.subject]
    assert log(origin, "%(trailers:only,unfold)")[:5] == [
        "Mlops-Ci-Release: v7-aaaa",
        "Mlops-Ci-Step: 2/5",
        "Mlops-Ci-Weight: 25",
        "Mlops-Ci-Verdict: pass",
        f"Mlops-Ci-Evidence: {FIRST.evidence}",
    ]
    assert log(origin, "%an %cn") == ["mlops-ci mlops-ci"]


def test_evidence_is_kept_beside_the_state_and_later_changes_leave_it(branch: StateBranch, origin: Path) -> None:
    branch.change(champion, NOTE, {FIRST.evidence: b'{"gate": "ok"}'})
    branch.change(rejecting("sha256:x"), NOTE, {"evidence/canary/b.json": "ü\r\n".encode()})
    assert files(origin) == [*DEPLOYED, "evidence/canary/b.json", FIRST.evidence]
    assert stored(branch, FIRST.evidence) == '{"gate": "ok"}'
    assert stored(branch, "evidence/canary/b.json") == "ü\r\n"


def test_a_tagged_release_can_be_rebuilt_after_its_branch_is_gone(
    branch: StateBranch, root: Path, origin: Path
) -> None:
    git(root, "switch", "--quiet", "--create", "squashed-later")
    (root / "params.yaml").write_text("trees: 100\n")
    release = replace(FIRST, commit=commit_all(root))
    git(root, "push", "--quiet", "origin", "squashed-later")
    branch.tag(release)
    branch.tag(release)
    assert git(origin, "tag").split() == [f"mlops-ci/production/delay/{release.name}"]
    git(origin, "branch", "--delete", "--force", "squashed-later")
    git(origin, "gc", "--quiet", "--prune=now")
    elsewhere = somebody_else(root).git
    assert elsewhere.commit_of(release.commit) == release.commit


def test_a_release_whose_commit_is_not_the_tags_is_refused(branch: StateBranch, root: Path) -> None:
    first = replace(FIRST, commit=git(root, "rev-parse", "HEAD"))
    branch.tag(first)
    (root / "params.yaml").write_text("trees: 100\n")
    with pytest.raises(PushRefused, match="already exists"):
        branch.tag(replace(first, commit=commit_all(root)))


def test_past_states_are_read_newest_first(branch: StateBranch) -> None:
    after = branch.change(champion, NOTE), branch.change(rejecting("sha256:x"), NOTE)
    assert branch.champions() == [after[1], after[0]]


def test_other_models_and_environments_share_the_branch(branch: StateBranch, root: Path) -> None:
    branch.change(champion, NOTE)
    other = StateBranch(Git(root), "staging", "delay")
    other.change(rejecting("sha256:x"), NOTE)
    assert branch.read() == RELEASED
    assert other.read().rejected == ("sha256:x",)
    assert branch.champions() == [RELEASED]


def test_an_unchanged_state_writes_no_commit(branch: StateBranch, origin: Path) -> None:
    assert branch.change(lambda state: state, NOTE, {"evidence/a.json": b"{}"}) == EMPTY
    assert git(origin, "branch", "--list", "mlops-ci/state") == ""
    branch.change(champion, NOTE)
    branch.change(champion, NOTE, {"evidence/a.json": b"{}"})
    assert len(log(origin)) == 1


def test_work_tree_index_and_head_stay_as_they_are(branch: StateBranch, root: Path) -> None:
    (root / "staged.txt").write_text("staged")
    git(root, "add", "staged.txt")
    (root / "untracked.txt").write_text("untracked")
    before = [git(root, *words) for words in (["status", "--porcelain"], ["for-each-ref"], ["symbolic-ref", "HEAD"])]
    branch.change(champion, NOTE, {"staged.txt": b"another", "evidence/a.json": b"{}"})
    branch.read()
    after = [git(root, *words) for words in (["status", "--porcelain"], ["symbolic-ref", "HEAD"])]
    assert after == [before[0], before[2]]
    assert git(root, "branch", "--list", "--format=%(refname:short)") == "main"
    assert (root / "staged.txt").read_text() == "staged"


def test_a_change_that_loses_a_race_is_decided_again_on_the_new_state(
    branch: StateBranch, root: Path, origin: Path
) -> None:
    branch.change(champion, NOTE)
    other, seen = somebody_else(root), list[State]()
    decide = interrupted_by(lambda: other.change(rejecting("theirs"), Note("Theirs", "-")), rejecting("ours"), seen)
    after = branch.change(decide, Note("Ours", "-"))
    assert [state.rejected for state in seen] == [(), ("theirs",)]
    assert after == branch.read() == replace(RELEASED, rejected=("theirs", "ours"))
    assert log(origin) == ["Ours", "Theirs", NOTE.subject]


def test_the_race_for_the_first_commit_has_one_winner_and_nothing_is_lost(branch: StateBranch, root: Path) -> None:
    other, seen = somebody_else(root, "other"), list[State]()
    decide = interrupted_by(lambda: other.change(rejecting("theirs"), NOTE), rejecting("ours"), seen)
    branch.change(decide, NOTE)
    assert len(seen) == 2
    assert branch.read().rejected == ("ours",)
    assert other.read().rejected == ("theirs",)


def test_a_ref_that_moves_while_origin_takes_the_push_counts_as_a_race(
    branch: StateBranch, root: Path, origin: Path
) -> None:
    branch.change(champion, NOTE)
    branch.change(rejecting("theirs"), NOTE)
    now = git(origin, "rev-parse", BRANCH)
    git(origin, "update-ref", BRANCH, f"{now}~1")
    once = f"test -e moved || {{ touch moved; env -u GIT_QUARANTINE_PATH git update-ref {BRANCH} {now}; }}"
    hook(origin, "pre-receive", once)
    assert branch.change(rejecting("ours"), NOTE).rejected == ("theirs", "ours")


def test_a_decision_may_refuse_the_new_state(branch: StateBranch, root: Path, origin: Path) -> None:
    def only_if_nothing_was_rejected(state: State) -> State:
        if state.rejected:
            raise ProgramFailed("Somebody else was quicker.")
        return rejecting("ours")(state)

    other = somebody_else(root)
    decide = interrupted_by(lambda: other.change(rejecting("theirs"), NOTE), only_if_nothing_was_rejected, [])
    with pytest.raises(ProgramFailed, match="quicker"):
        branch.change(decide, NOTE)
    assert branch.read().rejected == ("theirs",)


def test_who_loses_every_race_gives_up_and_says_so(branch: StateBranch, root: Path) -> None:
    other, seen = somebody_else(root), list[State]()
    decide = interrupted_by(lambda: other.change(rejecting("theirs"), NOTE), rejecting("ours"), seen, times=100)
    with pytest.raises(PushRefused) as refused:
        branch.change(decide, NOTE)
    assert refused.value.moved
    assert 1 < len(seen) < 10
    assert set(branch.read().rejected) == {"theirs"}


def test_a_push_that_origin_forbids_is_refused_and_not_tried_again(branch: StateBranch, origin: Path) -> None:
    hook(origin, "pre-receive", "echo 'nobody may push here' >&2; exit 1")
    seen: list[State] = []
    with pytest.raises(PushRefused, match="nobody may push here") as refused:
        branch.change(interrupted_by(lambda: None, champion, seen), NOTE)
    assert not refused.value.moved
    assert len(seen) == 1
    assert branch.read() == EMPTY


def test_an_origin_that_is_gone_is_not_an_empty_record(branch: StateBranch, origin: Path) -> None:
    origin.rename(origin.with_name("away.git"))
    with pytest.raises(ProgramFailed, match="origin cannot be read"):
        branch.read()


def test_a_record_that_is_no_release_file_is_never_overwritten(branch: StateBranch, root: Path, origin: Path) -> None:
    broken = Git(root).commit(None, {EMPTY.path: b"schema: [\n"}, "broken")
    Git(root).push(broken, BRANCH)
    with pytest.raises(UsageProblem, match="not a release file"):
        branch.change(champion, NOTE)
    assert git(origin, "rev-parse", BRANCH) == broken


def test_from_a_folder_of_a_larger_repository_the_record_keeps_its_other_files(root: Path, origin: Path) -> None:
    (root / "models" / "delay").mkdir(parents=True)
    inside = StateBranch(Git(root / "models" / "delay"), "production", "delay")
    somebody_else(root, "other").change(rejecting("theirs"), NOTE, {"evidence/a.json": b"{}"})
    inside.change(champion, NOTE)
    assert files(origin) == [*DEPLOYED, *OTHERS, "evidence/a.json"]


def test_two_commits_made_at_once_in_one_clone_do_not_mix(root: Path) -> None:
    class Interrupted(Git):
        """Another process commits just before our tree is written."""

        def call(
            self, *words: str, check: bool = True, stdin: bytes = b"", env: Mapping[str, str] | None = None
        ) -> Completed:
            if words == ("write-tree",):
                Git(root).commit(None, {"theirs": b"x"}, "Theirs")
            return Git.call(self, *words, check=check, stdin=stdin, env=env)

    commit = Interrupted(root).commit(None, {"ours": b"x"}, "Ours")
    assert git(root, "ls-tree", "--name-only", commit) == "ours"


def test_export_writes_the_files_of_a_commit_not_of_the_work_tree(root: Path, tmp_path: Path) -> None:
    (root / "src").mkdir()
    (root / "src" / "serve.py").write_text("then")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    commit = commit_all(root)
    (root / "src" / "serve.py").write_text("now")
    folder = tmp_path / "deep" / commit
    Git(root).export(commit, folder)
    assert (folder / "src" / "serve.py").read_text() == "then"
    assert (folder / "run.sh").stat().st_mode & 0o100
    assert sorted(one.name for one in folder.iterdir()) == [".gitignore", "run.sh", "src"]
    assert [one.name for one in folder.parent.iterdir()] == [commit]
    assert git(root, "status", "--porcelain") == "M src/serve.py"


def test_export_twice_is_once(root: Path, tmp_path: Path) -> None:
    commit = git(root, "rev-parse", "HEAD")
    Git(root).export(commit, tmp_path / "code")
    (tmp_path / "code" / "mark").touch()
    Git(root).export(commit, tmp_path / "code")
    assert (tmp_path / "code" / "mark").exists()


def test_export_begins_anew_after_one_that_was_broken_off(root: Path, tmp_path: Path) -> None:
    (tmp_path / "code.partial").mkdir()
    (tmp_path / "code.partial" / "half").touch()
    Git(root).export(git(root, "rev-parse", "HEAD"), tmp_path / "code")
    assert [one.name for one in (tmp_path / "code").iterdir()] == [".gitignore"]


def test_export_takes_a_file_of_any_name(root: Path, tmp_path: Path) -> None:
    for name in (".index", "with space", "ümlaut"):
        (root / name).write_text(name)
    Git(root).export(commit_all(root), tmp_path / "code")
    assert sorted(one.name for one in (tmp_path / "code").iterdir()) == [".gitignore", ".index", "with space", "ümlaut"]


def test_a_commit_that_this_clone_lacks_cannot_be_exported(root: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="git fetch --tags"):
        Git(root).export("d" * 40, tmp_path / "code")
    assert not (tmp_path / "code").exists()


def test_a_clean_branch_is_demanded_and_found(root: Path) -> None:
    (root / ".mlops-ci").mkdir()
    (root / ".mlops-ci" / "ignored").touch()
    worktree.demand_clean_branch(Git(root))


@pytest.mark.parametrize(
    ("names", "said"), [(["a.txt"], r"dirty \(a.txt\), so"), (["a.txt", "b.txt", "c.txt"], r"\(a.txt and 2 more\)")]
)
def test_a_dirty_work_tree_is_refused(root: Path, names: list[str], said: str) -> None:
    for name in names:
        (root / name).touch()
    with pytest.raises(UsageProblem, match=said):
        worktree.demand_clean_branch(Git(root))


def test_a_detached_head_is_refused(root: Path) -> None:
    git(root, "switch", "--quiet", "--detach")
    with pytest.raises(UsageProblem, match=r"HEAD is detached.*git switch main"):
        worktree.demand_clean_branch(Git(root))


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "empty")
    for folder in (tmp_path / "empty", tmp_path):
        with pytest.raises(UsageProblem, match="not a git repository with a commit"):
            worktree.demand_clean_branch(Git(folder))
