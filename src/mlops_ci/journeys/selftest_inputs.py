"""Defects of what comes in: data that break their contract or drift, and files that no repository should hold."""

from collections.abc import Sequence
from pathlib import Path

from mlops_ci.contracts import files, suite
from mlops_ci.errors import NothingToJudge
from mlops_ci.journeys import selftest_data as spoilt
from mlops_ci.journeys.selftest_defect import Defect
from mlops_ci.journeys.selftest_files import BAD_FILES, BadFile
from mlops_ci.journeys.selftest_scratch import Found, Scratch
from mlops_ci.settings.data import DataSettings
from mlops_ci.settings.scan import ScanSettings

_DATA = ["validate-data"]


def data_defects(options: DataSettings) -> list[Defect]:
    """Return what `validate-data` must stop."""

    def paths(scratch: Scratch) -> Sequence[Path]:
        """Return the data in the copy, whole again: git may not know them, so nothing else brings them back."""
        scratch.bring(files.matching(str(options.path), scratch.original).paths)
        return files.matching(str(options.path), scratch.root).paths

    def contracted(scratch: Scratch) -> str:
        promised = suite.read(scratch.root / options.contract)
        known = [one.name for one in spoilt.numbers(paths(scratch)[0]) if one.name in promised.columns]
        if not known:
            raise NothingToJudge("the contract speaks of no column of numbers")
        return known[0]

    def unit(scratch: Scratch) -> Sequence[str]:
        spoilt.rewrite(paths(scratch), spoilt.in_metres(contracted(scratch)))
        return _DATA

    def lost(scratch: Scratch) -> Sequence[str]:
        spoilt.rewrite(paths(scratch), spoilt.without(contracted(scratch)))
        return _DATA

    def moved(scratch: Scratch) -> Sequence[str]:
        if options.profile is None:
            raise NothingToJudge("there is no data.profile to drift from")
        there = paths(scratch)
        known = [one.name for one in spoilt.numbers(there[0]) if one.name not in options.drift.ignore]
        if not known:
            raise NothingToJudge("no column of numbers is compared with the profile")
        spoilt.rewrite(there, spoilt.upper_half(known[0], spoilt.median(there, known[0])))
        return _DATA

    def broken(one: Found) -> bool:
        return one.code == "MCI-DATA-001"

    return [
        Defect("column in another unit", "validate-data", unit, broken),
        Defect("column lost", "validate-data", lost, broken),
        Defect("drift", "validate-data", moved, lambda one: one.code == "MCI-DATA-002"),
    ]


def prepare(scratch: Scratch, options: DataSettings) -> None:
    """Bring the data, and what judges them, into the copy; raise NothingToJudge where they are no files of it."""
    if options.path is None or "://" in options.path or options.query or options.table or options.rev:
        raise NothingToJudge("data.path names no plain files of this repository")
    found = files.matching(options.path, scratch.original).paths
    if not all(path.is_relative_to(scratch.original) for path in found):
        raise NothingToJudge("data.path names files outside of this repository")
    scratch.bring([*found, *(one for one in (options.contract, options.request, options.profile) if one)])


def scan_defects(options: ScanSettings) -> list[Defect]:
    """Return what `scan` must stop."""
    return [_bad(one, options) for one in BAD_FILES]


def _bad(bad: BadFile, options: ScanSettings) -> Defect:
    def plant(scratch: Scratch) -> Sequence[str]:
        if bad.group == "workflows" and scratch.below:
            raise NothingToJudge("workflows stand at the top of the git repository, and mlops.yaml below it")
        bad.write(scratch.root)
        scratch.commit(bad.defect)
        words = ["scan", "--base", scratch.base]
        # One group takes less time; but a group that the settings leave out stays out.
        return [*words, "--only", bad.group] if not options.only or bad.group in options.only else words

    return Defect(bad.defect, "scan", plant, lambda one: (one.code, one.path) == (bad.code, bad.path))
