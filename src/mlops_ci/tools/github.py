"""GitHub, asked by its API: who approves releases, what a branch requires, and the comments on a pull request."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mlops_ci.errors import ProgramFailed

_OK, _CREATED, _UNAUTHORIZED, _FORBIDDEN, _UNKNOWN, _TOO_MANY, _BROKEN = 200, 201, 401, 403, 404, 429, 500
_RULE, _RIGHT = "required_status_checks", "contents: read"
_PAGE, _PAGES = 100, 100  # GitHub's most comments a page; more pages than any pull request has


@dataclass(frozen=True, slots=True)
class Forge:
    """A repository on GitHub, and where its API is."""

    api: str
    repository: str  # owner/name
    timeout: float = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request."""

    id: int
    author: str
    body: str
    url: str


class Busy(ProgramFailed):
    """GitHub did not answer, or asks to come back; it may do otherwise in a moment."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        """Keep how many seconds GitHub asks to wait."""
        super().__init__(message)
        self.after = after


def reviewers(forge: Forge, environment: str, token: str | None) -> tuple[str, ...]:
    """Return the people and teams one of whom must approve; none where the environment is not set up.

    Source: https://docs.github.com/en/rest/deployments/environments#get-an-environment

    Raises:
        ProgramFailed: GitHub does not answer, or refuses to say.
    """
    status, answer, _ = _ask(forge, "GET", f"environments/{quote(environment, safe='')}", token)
    if status == _UNKNOWN:
        return ()
    if status != _OK:
        raise ProgramFailed(
            f"GitHub does not say who approves releases to {environment}: it answered {status}. "
            "The token needs the permission actions: read."
        )
    try:
        rules = answer["protection_rules"]
        named = [one["reviewer"] for rule in rules if rule["type"] == "required_reviewers" for one in rule["reviewers"]]
        return tuple(str(one.get("login") or one["slug"]) for one in named)
    except (KeyError, TypeError, AttributeError) as problem:
        raise ProgramFailed(f"GitHub's answer about the environment {environment} is none: {problem!r}.") from problem


def default_branch(forge: Forge, token: str) -> str:
    """Return the branch that pull requests go to; raise ProgramFailed where GitHub does not say."""
    return str(_told(forge, "", token, "metadata: read")["default_branch"])


def required_checks(forge: Forge, branch: str, token: str) -> set[str]:
    """Return the checks without which nothing gets to a branch: by rulesets, and by the older protection.

    Source: https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch

    Raises:
        ProgramFailed: GitHub does not answer, or refuses to say.
    """
    try:
        rules = _rules(forge, branch, token)
        lists = [rule["parameters"]["required_status_checks"] for rule in rules if rule["type"] == _RULE]
        protection = _told(forge, f"branches/{quote(branch, safe='')}", token, _RIGHT).get("protection") or {}
        older = (protection.get(_RULE) or {}).get("contexts", [])
        return {str(one["context"]) for listed in lists for one in listed} | set(map(str, older))
    except (KeyError, TypeError, AttributeError) as problem:
        raise ProgramFailed(f"GitHub's answer about the rules of {branch} is none: {problem!r}.") from problem


def rules(forge: Forge, branch: str, token: str) -> set[str]:
    """Return the kinds of rules that rulesets have for a branch, which need not be there yet; raises as above."""
    try:
        return {str(rule["type"]) for rule in _rules(forge, branch, token)}
    except (KeyError, TypeError) as problem:
        raise ProgramFailed(f"GitHub's answer about the rules of {branch} is none: {problem!r}.") from problem


def _rules(forge: Forge, branch: str, token: str) -> Any:  # noqa: ANN401 - whatever was answered
    return _told(forge, f"rules/branches/{quote(branch, safe='')}?per_page={_PAGE}", token, _RIGHT)


def names(forge: Forge, kind: str, environments: Collection[str], token: str) -> set[str]:
    """Return the `secrets` or `variables` that a workflow sees: the repository's, its organization's, environments'.

    Source: https://docs.github.com/en/rest/actions/secrets

    Raises:
        ProgramFailed: GitHub does not answer, or refuses to say.
    """
    places = [f"actions/{kind}", f"actions/organization-{kind}"]
    places += [f"environments/{quote(one, safe='')}/{kind}" for one in sorted(environments)]
    try:
        return {str(one["name"]).upper() for place in places for one in _listed(forge, place, kind, token)}
    except (KeyError, TypeError) as problem:
        raise ProgramFailed(f"GitHub's answer about {kind} is none: {problem!r}.") from problem


def _listed(forge: Forge, place: str, kind: str, token: str) -> Iterator[Mapping[str, Any]]:
    """Yield all pages of a list; an environment that is not set up holds nothing."""
    right = f"{kind}: read and environments: read"
    for page in range(1, _PAGES + 1):
        answer = _told(forge, f"{place}?per_page={_PAGE}&page={page}", token, right, absent={kind: []})
        yield from answer[kind]
        if len(answer[kind]) < _PAGE:
            return


def _told(forge: Forge, path: str, token: str, right: str, absent: Any = None) -> Any:  # noqa: ANN401
    """Return what GitHub answered, decoded, or `absent` where it knows no such thing."""
    status, answer, _ = _ask(forge, "GET", path, token)
    if status == _UNKNOWN and absent is not None:
        return absent
    if status != _OK or answer is None:
        asked = path.split("?", maxsplit=1)[0] or "the repository"
        raise ProgramFailed(f"GitHub answered {status} about {asked}. The token needs the permission {right}.")
    return answer


def comments(forge: Forge, number: int, token: str) -> Iterator[Comment]:
    """Yield the comments on a pull request, oldest first, all pages of them.

    Source: https://docs.github.com/en/rest/issues/comments#list-issue-comments

    Raises:
        Busy: GitHub does not answer now.
        ProgramFailed: it refuses.
    """
    for page in range(1, _PAGES + 1):
        listed = _talk(forge, "GET", f"issues/{number}/comments?per_page={_PAGE}&page={page}", token)
        if not isinstance(listed, list):
            raise ProgramFailed("GitHub's answer about the comments is none: it is no list.")
        yield from (_comment(one) for one in listed)
        if len(listed) < _PAGE:
            return


def write_comment(forge: Forge, number: int, body: str, token: str) -> Comment:
    """Add a comment to a pull request; raise Busy or ProgramFailed as `comments` does."""
    return _comment(_talk(forge, "POST", f"issues/{number}/comments", token, {"body": body}))


def edit_comment(forge: Forge, comment: int, body: str, token: str) -> Comment:
    """Replace what a comment says; raise Busy or ProgramFailed as `comments` does."""
    return _comment(_talk(forge, "PATCH", f"issues/comments/{comment}", token, {"body": body}))


def _comment(raw: Any) -> Comment:  # noqa: ANN401 - whatever was answered
    try:
        # Somebody who is gone has no name left.
        author = str((raw["user"] or {}).get("login", ""))
        return Comment(int(raw["id"]), author, str(raw["body"] or ""), str(raw["html_url"]))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ProgramFailed(f"GitHub's answer about a comment is none: {problem!r}.") from problem


def _talk(forge: Forge, method: str, path: str, token: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    """Return what GitHub answered about comments, decoded; anything but a success is raised."""
    status, answer, headers = _ask(forge, method, path, token, body)
    if status in {_OK, _CREATED}:
        return answer
    after = headers.get("retry-after", "")
    if status >= _BROKEN or status == _TOO_MANY or (status == _FORBIDDEN and after):
        raise Busy(f"GitHub answered {status}", float(after) if after.isdigit() else 0.0)
    if status == _FORBIDDEN and headers.get("x-ratelimit-remaining") == "0":
        raise ProgramFailed("GitHub answered 403: the token's requests of this hour are used up.")
    if status in {_UNAUTHORIZED, _FORBIDDEN, _UNKNOWN}:
        raise ProgramFailed(
            f"GitHub answered {status}: the token may not comment here. In a pull request from a fork it never may; "
            "elsewhere the job needs the permission pull-requests: write."
        )
    raise ProgramFailed(f"GitHub answered {status}.")


def _ask(
    forge: Forge, method: str, path: str, token: str | None, body: Mapping[str, Any] | None = None
) -> tuple[int, Any, Mapping[str, str]]:
    """Return the status, the decoded answer (None where it is no JSON) and the headers; raise Busy without answer."""
    from mlops_ci.net import Client  # every command's context names the forge, and few ask it

    url = f"{forge.api.rstrip('/')}/repos/{forge.repository}/{path}".rstrip("/")
    headers = {"Accept": "application/vnd.github+json", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        answer = Client(timeout=forge.timeout).send(method, url, body, headers)
    except ProgramFailed as silent:
        raise Busy(str(silent)) from silent
    try:
        return answer.status, answer.json(), answer.headers
    except ValueError:
        return answer.status, None, answer.headers
