"""The page beside a release file: who has the traffic now, and how to take it back, for a person called at night."""

from collections.abc import Callable

from mlops_ci.release.state import Release, State
from mlops_ci.shown import text

_HEAD = "mlops-ci writes this page whenever the release file beside it changes."
_ROWS: dict[str, Callable[[Release], str]] = {
    "version": lambda one: text(one.version),
    "since": lambda one: text(one.since),
    "model": lambda one: f"`{one.model_digest}`",
    "commit": lambda one: f"`{one.commit}`",
    "image": lambda one: f"`{one.image}`" if one.image else "–",
    "model card": lambda one: f"[what is known of it](../../{card_path(one.model_digest)})",
    "evidence": lambda one: f"[its gate's statement](../../{one.evidence})",
    "without evidence": lambda one: f"**{text(one.override)}**" if one.override else "–",
}


def card_path(digest: str) -> str:
    """Return where a model's card stands on the state branch."""
    return f"cards/{digest.removeprefix('sha256:')}.md"


def page_path(state: State) -> str:
    """Return where the page stands on the state branch."""
    return state.path.removesuffix(".yaml") + ".md"


def write(state: State) -> bytes:
    """Return the page."""
    lines = [f"# What is live: {text(state.model)}, {state.environment}", "", _HEAD, ""]
    if state.champion is None:
        lines.append("Nothing is released.")
    else:
        lines += [*_table(state, state.champion), *_commands(state)]
    if state.rejected:
        lines += ["", "## Rejected", "", "These models do not start again without `--again` and a reason.", ""]
        lines += [f"- `{digest}`" for digest in state.rejected]
    return "\n".join([*lines, ""]).encode()


def _table(state: State, champion: Release) -> list[str]:
    new = state.challenger
    lines = ["| | champion | challenger |", "|---|---|---|"]
    step = f"{new.weight} % (step {new.step})" if new else "–"
    lines.append(f"| traffic | {100 - (new.weight if new else 0)} % | {step} |")
    return lines + [f"| {name} | {say(champion)} | {say(new.release) if new else '–'} |" for name, say in _ROWS.items()]


def _commands(state: State) -> list[str]:
    where = f"--environment {state.environment}"
    ends = (
        "end the canary, and keep the champion"
        if state.challenger
        else "all traffic to the champion (there is no canary)"
    )
    return [
        "",
        "## Take it back",
        "",
        "In a clone of the repository, with mlops-ci installed; or on GitHub: Actions, rollback, Run workflow.",
        "",
        "```sh",
        f"mlops-ci rollback {where}    # {ends}",
        f'mlops-ci rollback {where} --to previous --reason "…"    # the champion itself is bad',
        "```",
    ]
