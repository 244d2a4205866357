"""`mlops-ci rollback`."""

from importlib import import_module

from mlops_ci.catalog import STEPS
from mlops_ci.cli.steps import command as step_command

_ENTRY = STEPS["rollback"]
_FLAGS = (
    "environment",
    "host",
    "port",
    "runtime",
    "ready_timeout",
    "drain",
    "reason",
    "to",
    "dry_run",
    "if_lease_expired",
    "unless_promoted",
)

command = step_command(_ENTRY, "rollback", _ENTRY.summary, lambda: import_module(_ENTRY.module).run, _FLAGS)
