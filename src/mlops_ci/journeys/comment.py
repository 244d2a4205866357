"""Keep one comment on a pull request: ours is found again and changed in place, anybody else's is left alone."""

import re
from dataclasses import dataclass

from mlops_ci.errors import UsageProblem
from mlops_ci.ports import Clock
from mlops_ci.tools.github import Busy, Comment, Forge, comments, edit_comment, write_comment

_WAITS = (2.0, 10.0)  # seconds before the second and the third try
_LONGEST = 60.0  # a GitHub that wants more has the job summary read instead
_RUN = re.compile(r"<!-- run (\d+)\.(\d+) -->")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the comment is, and how it is found again."""

    forge: Forge
    number: int  # of the pull request
    author: str  # whom the token speaks for
    name: str = "mlops-ci"  # a pull request may have several, one for each model
    run: tuple[int, int] = (0, 0)  # the workflow's run and its attempt

    def __post_init__(self) -> None:
        """Refuse a name that could end the marker."""
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,60}", self.name) or "--" in self.name:
            raise UsageProblem(f"--name has letters, digits and single hyphens, at most 60, not {self.name!r}.")

    @property
    def marker(self) -> str:
        """Return the hidden first line of our comment."""
        return f"<!-- mlops-ci report {self.name} -->"


class Outrun(Exception):
    """A later run has commented already."""


def keep(place: Place, text: str, token: str, clock: Clock) -> Comment:
    """Write the comment, or replace it; a GitHub that is busy is asked three times.

    Raises:
        Outrun: what stands there is newer than ours.
        Busy: GitHub does not answer, or asks to wait too long.
        ProgramFailed: it refuses.
    """
    for wait in _WAITS:
        try:
            return _keep(place, text, token)
        except Busy as busy:
            if busy.after > _LONGEST:
                raise
            clock.sleep(max(wait, busy.after))
    return _keep(place, text, token)


def _keep(place: Place, text: str, token: str) -> Comment:
    """Look for our comment each time: one whose answer was lost may have been written all the same."""
    body = f"{place.marker}\n<!-- run {place.run[0]}.{place.run[1]} -->\n{text}"
    for one in comments(place.forge, place.number, token):
        # Anyone can write the marker; what others wrote may not be changed, and must not stand for ours.
        if one.author == place.author and one.body.startswith(f"{place.marker}\n"):
            found = _RUN.search(one.body)
            if found and (int(found[1]), int(found[2])) > place.run:
                raise Outrun
            return edit_comment(place.forge, one.id, body, token)
    return write_comment(place.forge, place.number, body, token)
