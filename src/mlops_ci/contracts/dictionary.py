"""The data dictionary: a page on every column, written from the contract and the profile, never by hand."""

from collections.abc import Collection
from dataclasses import replace

from mlops_ci.contracts.profile import ColumnProfile, Profile
from mlops_ci.contracts.promises import Promise, promises
from mlops_ci.contracts.suite import Suite

_NAMED = 12


def dictionary(
    suite: Suite, profile: Profile | None = None, without: Collection[str] = (), sensitive: Collection[str] = ()
) -> str:
    """Return the page as Markdown; `without` names the columns that requests lack."""
    head = (
        f"# Data dictionary: {suite.name}\n\n"
        f"Written by `mlops-ci contract dictionary` from `{suite.path}`; change that, not this.\n\n"
    )
    seen = {column.name: column for column in profile.columns} if profile else {}
    columns = "| column | type | missing | allowed | seen | meaning |\n|---|---|---|---|---|---|\n"
    known = [replace(one, sensitive=one.sensitive or one.column in sensitive) for one in promises(suite)]
    rows = "".join(_row(one, seen.get(one.column), without) for one in known)
    return head + columns + rows


def _row(promise: Promise, seen: ColumnProfile | None, without: Collection[str]) -> str:
    name = f"`{promise.column}`" + (" (not in requests)" if promise.column in without else "")
    cells = (
        name + (" (sensitive)" if promise.sensitive else ""),
        promise.kind or "",
        "allowed" if promise.nullable else "never",
        _allowed(promise),
        _seen(seen) if seen and not promise.sensitive else "",
        " ".join(promise.notes),
    )
    return "| " + " | ".join(_cell(one) for one in cells) + " |\n"


def _allowed(promise: Promise) -> str:
    parts = []
    if promise.members is not None:
        shown = ", ".join(map(str, promise.members[:_NAMED]))
        parts.append(shown + (f" … ({len(promise.members)} in all)" if len(promise.members) > _NAMED else ""))
    if promise.low is not None or promise.high is not None:
        low = f"{'above' if promise.above else 'from'} {promise.low}" if promise.low is not None else ""
        high = f"{'below' if promise.below else 'to'} {promise.high}" if promise.high is not None else ""
        parts.append(f"{low} {high}".strip())
    if promise.shortest is not None or promise.longest is not None:
        parts.append(
            f"{promise.shortest or 0} to {promise.longest if promise.longest is not None else 'any'} characters"
        )
    parts += [f"matches `{one}`" for one in promise.patterns]
    parts += ["unique"] if promise.unique else []
    return "; ".join(parts)


def _seen(column: ColumnProfile) -> str:
    rows = column.count + column.missing
    missing = f"{column.missing / rows:.1%} missing" if column.missing else ""
    moments = column.moments if column.kind == "number" else None
    numbers = f"{moments.minimum:.6g} … {moments.maximum:.6g}, mean {moments.mean:.6g}" if moments else ""
    listed = column.categories.values if column.categories and column.kind != "number" else ()
    shares = ", ".join(f"{value} {count / column.count:.0%}" for value, count in listed[:3])
    return "; ".join(part for part in (numbers, shares, missing) if part)


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
