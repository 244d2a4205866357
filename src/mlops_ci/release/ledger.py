"""The ledger of a golden set on the state branch: which decisions it has made, and when it has made enough."""

import json
from dataclasses import asdict, dataclass, replace

from mlops_ci.errors import ProgramFailed
from mlops_ci.release.branch import BRANCH
from mlops_ci.report import Finding
from mlops_ci.tools.git import Git, PushRefused

SCHEMA = "mlops-ci.ledger/v1"
FOLDER = "ledger/gate"
_ATTEMPTS = 4
_NEARLY = 0.8  # part of the budget from which on it is said
_NEARLY_SPENT, _SPENT = BUDGET_CODES = ("MCI-GATE-010", "MCI-GATE-011")


@dataclass(frozen=True, slots=True)
class Decision:
    """One verdict that a golden set led to."""

    model: str  # digests
    champion: str  # empty for a first release
    rules: str
    verdict: str
    at: str  # RFC 3339, UTC
    commit: str

    @property
    def question(self) -> tuple[str, str, str]:
        """Return what was asked: the same question again is no further decision."""
        return self.model, self.champion, self.rules


@dataclass(frozen=True, slots=True)
class Page:
    """All decisions of one golden set."""

    digest: str
    version: str = ""
    decisions: tuple[Decision, ...] = ()

    def others(self, model: str, champion: str, rules: str) -> int:
        """Return how many decisions on other questions came before this one: asked again, it has the same number."""
        questions = [one.question for one in self.decisions]
        question = (model, champion, rules)
        return questions.index(question) if question in questions else len(questions)

    @property
    def path(self) -> str:
        """Return where the page stands on the state branch."""
        return f"{FOLDER}/{self.digest.removeprefix('sha256:')}.json"

    def to_bytes(self) -> bytes:
        """Return the page as it is stored."""
        head = {"schema": SCHEMA, "version": self.version, "digest": self.digest}
        return json.dumps(head | {"decisions": [asdict(one) for one in self.decisions]}, indent=1).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger as it stands on origin.

    Raises:
        ProgramFailed: origin cannot be read, or a page is not one (any method).
    """

    git: Git

    def read(self, digest: str) -> Page:
        """Return a golden set's page; an empty one when it has decided nothing yet."""
        return self._page(self.git.fetch(BRANCH), Page(digest))

    def versions(self) -> dict[str, str]:
        """Return golden version → digest, of every golden set that decided something and had a version.

        Where two sets claim one version, the one that decided first has it.
        """
        commit = self.git.fetch(BRANCH)
        if commit is None:
            return {}
        listed = self.git.call("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, f"{FOLDER}/").stdout
        names = [name for name in listed.split("\0") if name]
        pages = [self._page(commit, Page(f"sha256:{name.rsplit('/', 1)[1].removesuffix('.json')}")) for name in names]
        dated = [page for page in pages if page.version and page.decisions]
        latest_first = sorted(dated, key=lambda page: page.decisions[0].at, reverse=True)
        return {page.version: page.digest for page in latest_first}

    def record(self, digest: str, decision: Decision, version: str = "") -> str | None:
        """Write a decision down; return why that was not possible, None when it stands there.

        The same model, champion and rules again are no further decision: nothing is written. When somebody else
        pushed in between, the page is read again.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            parent = self.git.fetch(BRANCH)
            before = self._page(parent, Page(digest, version))
            if any(one.question == decision.question for one in before.decisions):
                return None
            after = replace(before, version=before.version or version, decisions=(*before.decisions, decision))
            note = f"Gate: {decision.verdict} for {decision.model[:19]}\n\nMlops-Ci-Verdict: {decision.verdict}\n"
            try:
                self.git.push(self.git.commit(parent, {after.path: after.to_bytes()}, note), BRANCH)
            except PushRefused as refused:
                if not refused.moved or attempt == _ATTEMPTS:
                    return str(refused)
            else:
                return None
        raise AssertionError  # pragma: no cover - the loop returns

    def _page(self, commit: str | None, empty: Page) -> Page:
        text = self.git.read(commit, empty.path) if commit else None
        return empty if text is None else parse(text, empty.digest)


def parse(text: str, digest: str) -> Page:
    """Return the page that a file holds; raise ProgramFailed when it is none of this golden set."""
    try:
        raw = json.loads(text)
        page = Page(str(raw["digest"]), str(raw["version"]), tuple(Decision(**one) for one in raw["decisions"]))
        known = raw["schema"] == SCHEMA and page.digest == digest
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        place = Page(digest).path
        raise ProgramFailed(f"{place} on the state branch is no page of the ledger. Restore it from its history.")
    return page


def judge_budget(decisions: int, budget: int) -> Finding | None:
    """Return what a reader should know about a golden set that made `decisions` of `budget` before this one.

    A budget that grows linearly with the rows holds only if challengers do not depend on earlier verdicts: whoever
    trains on what the gate said spends it much faster.
    Source: Renggli et al., Continuous Integration of Machine Learning Models with ease.ml/ci, MLSys 2019.
    """
    said = f"It made {decisions:,} of {budget:,} decisions."
    remedy = "Collect new golden rows, give them another `gate.golden_version`, and retire these"
    if decisions >= budget:
        return Finding(
            _SPENT, "high", "blocks", "The golden set's budget is spent", f"{said} {remedy}.",
            evidence={"decisions": decisions, "budget": budget},
        )  # fmt: skip
    if decisions >= _NEARLY * budget:
        return Finding(
            _NEARLY_SPENT, "medium", "informs", "The golden set's budget is nearly spent", f"{said} {remedy} in time.",
            evidence={"decisions": decisions, "budget": budget},
        )  # fmt: skip
    return None
