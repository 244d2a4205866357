"""A report for a person at a terminal, and the progress before it."""

from rich import markup
from rich.console import Console
from rich.status import Status
from rich.table import Table

from mlops_ci.render.words import headline, where, worst_first
from mlops_ci.report import Measurement, StepReport
from mlops_ci.shown import interval, number, printable

_STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow", None: "bold red"}
_EFFECT_STYLES = {"blocks": "red", "undecided": "yellow", "informs": "cyan"}
_SHOWN = 20


def _escape(text: str) -> str:
    """Return foreign text as rich shows it: itself, and no command to anyone."""
    return markup.escape(printable(text))


class Terminal:
    """Progress on stderr: notes stay, the status line is shown on a terminal only."""

    def __init__(self, *, file: Console | None = None, is_log: bool = False) -> None:
        """Talk to stderr, so that stdout holds nothing but what was asked for; a log gets no moving status."""
        self.console = file or Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
        if not self.console.is_terminal:
            self.console.width = 120
        self._interactive = self.console.is_terminal and not is_log
        self._status: Status | None = None

    def note(self, message: str) -> None:
        """Write a line that stays."""
        self.console.print(_escape(message))

    def status(self, message: str) -> None:
        """Replace the transient status line; an empty one removes it."""
        if not self._interactive:
            return
        if self._status is None:
            self._status = self.console.status("")
            self._status.start()
        if message:
            self._status.update(_escape(message))
        else:
            self._status.stop()
            self._status = None

    def report(self, report: StepReport) -> None:
        """Write a whole report."""
        self.status("")
        self.console.print(f"[{_STYLES[report.verdict]}]{_escape(headline(report))}[/]")
        if report.error:
            self.console.print(_escape(report.error))
        findings = worst_first(report.findings)
        for finding in findings[:_SHOWN]:
            style = _EFFECT_STYLES[finding.effect]
            place = f"  [dim]{_escape(where(finding))}[/]" if where(finding) else ""
            self.console.print(f"  [{style}]{finding.code}[/] {_escape(finding.title)}{place}")
            self.console.print(f"    {_escape(finding.message)}")
        if len(findings) > _SHOWN:
            self.console.print(f"  … and {len(findings) - _SHOWN} more in the report.")
        compared = [one for one in report.measurements if one.challenger is not None]
        if compared:
            self.console.print(_table(compared))


def _table(measurements: list[Measurement]) -> Table:
    table = Table(box=None, pad_edge=True)
    for name in ("measured", "champion", "challenger", "difference", "95 % bounds", "limit", "verdict"):
        table.add_column(name, justify="left" if name in {"measured", "verdict"} else "right")
    for one in measurements:
        sides = (number(one.champion), number(one.challenger), number(one.value), interval(one.low, one.high))
        table.add_row(_escape(one.name), *sides, number(one.threshold), one.verdict or "–")
    return table
