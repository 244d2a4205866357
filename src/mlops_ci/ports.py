"""Protocols that are passed down, so that nothing below the command line prints or reads a clock itself."""

from typing import Protocol


class Clock(Protocol):
    """Time as the rooms see it."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for that many seconds."""
        ...


class Progress(Protocol):
    """Talk to a person while a command runs."""

    def note(self, message: str) -> None:
        """Write a line that stays."""
        ...

    def status(self, message: str) -> None:
        """Replace the transient status line; shown on a terminal only."""
        ...


class Silence:
    """A Progress that says nothing."""

    def note(self, message: str) -> None:
        """Ignore the line."""

    def status(self, message: str) -> None:
        """Ignore the status."""
