"""One class for each exit code: what went wrong is named once and mapped to a number once."""

from typing import ClassVar

# When several apply, the first of these wins.
PRECEDENCE = (130, 1, 2, 10, 5, 4, 3, 11, 0)


class MlopsCiError(Exception):
    """A failure that ends a command; the message says in one sentence what to do about it."""

    exit_code: ClassVar[int] = 1
    headline: ClassVar[str] = "mlops-ci has a bug; nothing was judged"


class UsageProblem(MlopsCiError):
    """Flags, settings or the state of the work tree are wrong."""

    exit_code = 2
    headline = "nothing was judged: usage or settings are wrong"


class NothingToJudge(MlopsCiError):
    """What should be judged is missing, unreadable or empty."""

    exit_code = 3
    headline = "nothing was judged: there is nothing to judge"


class ProgramMissing(MlopsCiError):
    """A program, library or vulnerability database is missing or too old."""

    exit_code = 4
    headline = "nothing was judged: a program is missing or too old"


class ProgramFailed(MlopsCiError):
    """A program or service failed or timed out, a port is taken, or a push was refused."""

    exit_code = 5
    headline = "nothing was judged: a program or service failed"


class Rejected(MlopsCiError):
    """A judgement was made and it is negative, outside the findings of a report."""

    exit_code = 10
    headline = "judged and rejected"


class Inconclusive(MlopsCiError):
    """The evidence does not decide, or it was lost."""

    exit_code = 11
    headline = "judged, but the evidence does not decide"


class Interrupted(MlopsCiError):
    """SIGINT or SIGTERM arrived."""

    exit_code = 130
    headline = "interrupted before a judgement was made"


def worst(exit_codes: list[int]) -> int:
    """Return the exit code that wins when several apply; 0 for none."""
    return min([0, *exit_codes], key=PRECEDENCE.index)
