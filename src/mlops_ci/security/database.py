"""The vulnerability database: new enough and whole, or it decides nothing."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mlops_ci.errors import MlopsCiError, ProgramMissing
from mlops_ci.scanner import Sandbox
from mlops_ci.security import programs
from mlops_ci.security.jobs import Job
from mlops_ci.security.running import Workshop
from mlops_ci.settings.scan import ScanSettings
from mlops_ci.tools import trivy

_FRESH = 0.25  # of the age that the policy allows: a database is renewed when it is older


def with_database(
    shop: Workshop, options: ScanSettings, chosen: Iterable[Job]
) -> tuple[Workshop, dict[str, float | str]]:
    """Return the workshop with the vulnerability database that may be used, or with the reason why none may."""
    if not any(one.needs_database for one in chosen):
        return shop, {}
    try:
        found, age = _database(shop, options)
    except MlopsCiError as fault:
        return replace(shop, database_fault=fault), {}
    said = found.updated.isoformat()
    known: dict[str, float | str] = {"updated": said, "size": found.size, "age_hours": round(age / 3600, 1)}
    return replace(shop, database=f"{said} {found.size}"), known


def _database(shop: Workshop, options: ScanSettings) -> tuple[trivy.Database, float]:
    folder = shop.tools / "trivy"
    failure = None if options.offline else _renewed(shop, options, folder)
    try:
        found = trivy.database(folder)
        age = max(0.0, shop.clock.now() - found.updated.timestamp())
        _demand_good(found, age, options, folder)
    except ProgramMissing:
        if failure:
            raise failure from None
        raise
    if failure:  # what is here is still good enough
        shop.progress.note(f"No newer vulnerability database could be brought: {failure}")
    return found, age


def _renewed(shop: Workshop, options: ScanSettings, folder: Path) -> MlopsCiError | None:
    """Bring the newest database unless the one that is here is fresh; return why that failed."""
    with suppress(ProgramMissing):
        age = shop.clock.now() - trivy.database(folder).updated.timestamp()
        if age < _FRESH * options.database_max_age:
            return None
    shop.progress.status("bringing the newest vulnerability database")
    home = shop.folder / "database"
    home.mkdir(parents=True, exist_ok=True)
    try:
        program = programs.find("trivy", shop.tools)
        trivy.renew(Sandbox(program.path, home, home, options.time_limit, needs_network=True), folder)
    except MlopsCiError as failure:
        return failure
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return None


def _demand_good(found: trivy.Database, age: float, options: ScanSettings, folder: Path) -> None:
    """Raise ProgramMissing when a database is too old or too small to decide anything."""
    when = datetime.fromtimestamp(found.updated.timestamp(), UTC).isoformat(timespec="minutes")
    if age > options.database_max_age:
        raise ProgramMissing(
            f"The vulnerability database of {when} is {age / 3600:,.0f} h old; the policy allows "
            f"{options.database_max_age / 3600:,.0f} h (scan.database_max_age). Bring a newer one: trivy image "
            f"--download-db-only --cache-dir {folder}"
        )
    if found.size < options.database_min_mb * 1e6:
        raise ProgramMissing(
            f"The vulnerability database has {found.size / 1e6:,.1f} MB; the policy demands "
            f"{options.database_min_mb:,.0f} (scan.database_min_mb). It is not whole: remove {folder / 'db'}."
        )
