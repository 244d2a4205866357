"""`mlops-ci …` killed before or after an entry of its journal: `python dies_at.py before|after EVENT words…`."""

import os
import signal
import sys

from mlops_ci.cli.main import main
from mlops_ci.rollout.journal import Journal

WHEN, EVENT = sys.argv[1:3]
_write = Journal.write


def _dying(self: Journal, event: str, **facts: object) -> None:
    if ("before", event) == (WHEN, EVENT):
        os.kill(os.getpid(), signal.SIGKILL)
    _write(self, event, **facts)
    if ("after", event) == (WHEN, EVENT):
        os.kill(os.getpid(), signal.SIGKILL)


Journal.write = _dying  # type: ignore[method-assign]
sys.argv[1:] = sys.argv[3:]
main()
