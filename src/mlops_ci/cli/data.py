"""What the helpers about data take from section `data` of the settings, where there are any."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_ci.cli.options import Common

if TYPE_CHECKING:
    from mlops_ci.settings.data import DataSettings


def settings_of(environ: Mapping[str, str], path: Path | None = None, **flags: Any) -> "DataSettings":  # noqa: ANN401 - as flags give them
    """Return the section; a flag that is None leaves the value to the settings."""
    from mlops_ci.settings.data import DataSettings

    given = {name: value for name, value in flags.items() if value is not None}
    cascade = Common(path, None, "terminal", environ).cascade()
    written = cascade.document.data.get("data") or {}
    needed = {} if "contract" in written else {"contract": Path("contract.json")}
    return cascade.section("data", DataSettings, {**needed, **given})


def sensitive(environ: Mapping[str, str], flag: str | None, columns: list[str]) -> frozenset[str]:
    """Return the columns whose values must not be kept: those of the flag, of the settings, and of the contract.

    Raises:
        UsageProblem: the flag names a column that the data do not have.
    """
    from mlops_ci.contracts import suite
    from mlops_ci.contracts.masked import sensitive_columns
    from mlops_ci.errors import NothingToJudge, UsageProblem

    folded = {name.casefold(): name for name in columns}
    named = [name.strip() for name in (flag or "").split(",") if name.strip()]
    if strange := sorted(name for name in named if name.casefold() not in folded):
        raise UsageProblem(f"--sensitive names {', '.join(strange)}, which the data do not have. Correct the name.")
    found = settings_of(environ)
    try:
        noted = sensitive_columns(suite.read(Common(None, None, "terminal", environ).root() / found.contract))
    except NothingToJudge:  # a contract that is still to be written
        noted = frozenset()
    wanted = {name.casefold() for name in (*named, *found.sensitive, *noted)}
    return frozenset(name for key, name in folded.items() if key in wanted)
