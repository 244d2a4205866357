"""For every test: under CI=true, a skip that tests/not-here.tsv does not excuse fails the run."""

import os
from collections.abc import Iterator

import pytest

import not_here

# What tests read, the tests of other repositories among it, is nothing to run here.
collect_ignore = ["data"]

_skipped = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin a list of skipped tests."""
    config.stash[_skipped] = []
    config.pluginmanager.register(_Watch(config.stash[_skipped]))


class _Watch:
    def __init__(self, skipped: list[str]) -> None:
        self._skipped = skipped

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(report.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Fail the run for a skip without an excuse, before the summary is printed."""
    if _complaints(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which skips failed the run."""
    for one in _complaints(config):
        terminalreporter.write_line(f"FAILED {one}", red=True)


def _complaints(config: pytest.Config) -> list[str]:
    if os.environ.get("CI") != "true":
        return []
    rows = not_here.read()
    found = (not_here.complaint(test, rows) for test in config.stash[_skipped])
    return [one for one in found if one]
