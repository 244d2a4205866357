"""GitHub, asked by its API: who has to approve what is released to an environment."""

from dataclasses import dataclass
from urllib.parse import quote

from mlops_ci.errors import ProgramFailed

_TIMEOUT = 30.0  # seconds
_OK, _UNKNOWN = 200, 404


@dataclass(frozen=True, slots=True)
class Forge:
    """A repository on GitHub, and where its API is."""

    api: str
    repository: str  # owner/name


def reviewers(forge: Forge, environment: str, token: str | None) -> tuple[str, ...]:
    """Return the people and teams one of whom must approve; none where the environment is not set up.

    Source: https://docs.github.com/en/rest/deployments/environments#get-an-environment

    Raises:
        ProgramFailed: GitHub does not answer, or refuses to say.
    """
    from mlops_ci.net import Client  # every command's context names the forge, and few ask it

    url = f"{forge.api.rstrip('/')}/repos/{forge.repository}/environments/{quote(environment, safe='')}"
    headers = {"Accept": "application/vnd.github+json", **({"Authorization": f"Bearer {token}"} if token else {})}
    answer = Client(timeout=_TIMEOUT).get(url, headers=headers)
    if answer.status == _UNKNOWN:
        return ()
    if answer.status != _OK:
        raise ProgramFailed(
            f"GitHub does not say who approves releases to {environment}: it answered {answer.status}. "
            "The token needs the permission actions: read."
        )
    try:
        rules = answer.json()["protection_rules"]
        named = [one["reviewer"] for rule in rules if rule["type"] == "required_reviewers" for one in rule["reviewers"]]
        return tuple(str(one.get("login") or one["slug"]) for one in named)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise ProgramFailed(f"GitHub's answer about the environment {environment} is none: {problem!r}.") from problem
