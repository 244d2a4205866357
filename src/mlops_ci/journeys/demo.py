"""The whole journey on one machine: a first model, a better one promoted, a bad one rolled back, two stopped."""

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from mlops_ci.errors import Rejected
from mlops_ci.journeys.load import Load
from mlops_ci.journeys.workshop import Ran, Workshop
from mlops_ci.net import free_port, port_is_free
from mlops_ci.ports import Progress
from mlops_ci.tools.duckdb import open_table

RATE = 400.0  # requests a second
_PORT = 8080  # the template's


@dataclass(slots=True)
class Chapter:
    """One part of the journey: what happened, and whether it was what should happen."""

    title: str
    began: float
    ran: list[Ran] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(slots=True)
class Journey:
    """All that happened."""

    began: float  # seconds since the epoch
    chapters: list[Chapter] = field(default_factory=list)
    record: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    folder: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the timeline for machines."""
        chapters = [
            {
                "title": chapter.title,
                "at": round(chapter.began - self.began, 1),
                "seconds": round(chapter.seconds, 1),
                "commands": [self._command(one) for one in chapter.ran],
            }
            for chapter in self.chapters
        ]
        return {
            "schema": "mlops-ci.demo/v1",
            "began": self.began,
            "seconds": round(self.seconds, 1),
            "folder": self.folder,
            "chapters": chapters,
            "answers": self.answers,
            "record": self.record,
        }

    def _command(self, ran: Ran) -> dict[str, Any]:
        return {
            "command": ran.command,
            "exit_code": ran.exit_code,
            "at": round(ran.began - self.began, 1),
            "seconds": round(ran.seconds, 1),
            "report": ran.report,
        }


class Demo:
    """Runs the journey; whatever happens, nothing that it started runs on afterwards (unless asked to)."""

    def __init__(self, progress: Progress, *, keep: bool) -> None:
        """Prepare a fresh folder."""
        self._progress = progress
        self._keep = keep
        port = None if port_is_free("127.0.0.1", _PORT) else free_port()
        self.port = port or _PORT
        self.journey = Journey(time.time())
        self.workshop = Workshop(Path(mkdtemp(prefix="mlops-ci-demo-")), port)
        self.journey.folder = str(self.workshop.folder)

    def run(self) -> Journey:
        """Run every chapter and return what happened.

        Raises:
            Rejected: a step ended otherwise than the journey says it must; a gate that does not gate is a bug.
        """
        try:
            self._run()
            self.journey.record = self.workshop.record()
        finally:
            if not self._keep:
                self._clean_up()
        self.journey.seconds = time.time() - self.journey.began
        return self.journey

    def _run(self) -> None:
        with self._chapter("Generate a repository from the template, with real flights as data"):
            if self.port != _PORT:
                self._progress.note(f"Port {_PORT} is taken; the proxy listens on {self.port} instead.")
            self.workshop.bake()
            self._progress.note("Every model and service runs as a process of this machine; Docker is not needed.")
        with self._chapter("Train a first model and release it: it becomes the champion"):
            self.workshop.train("First model: logistic regression on the schedule")
            self._expect("pass", "validate-data", "gate-model", "register-model", "canary run")
        rows = rows_of(self.workshop.root / "data/rows/2013-09.parquet")
        with self._chapter(f"A better challenger, under {RATE:.0f} requests a second: promoted"):
            self.workshop.edit("params.yaml", "months: [1, 2, 3]", "months: [1, 2, 3, 4, 5, 6]")
            self.workshop.edit("params.yaml", "model: logistic", "model: boosting")
            self.workshop.edit("params.yaml", "features: schedule", "features: weather")
            self.workshop.train("Better model: boosted trees that know the weather")
            self._expect("pass", "validate-data", "gate-model", "register-model")
            self._under_load(rows, "pass")
        with self._chapter("A challenger that passes its gate and fails in production: rolled back"):
            plant_bug(self.workshop)
            self.workshop.train("Pressure in whole millibars")
            self._expect("pass", "validate-data", "gate-model", "register-model")
            self._under_load(rows, "fail")
        with self._chapter("A challenger that is worse on the golden set: stopped at the gate"):
            self.workshop.edit("params.yaml", "features: weather", "features: schedule")
            self.workshop.edit("params.yaml", "model: boosting", "model: logistic")
            self.workshop.train("Simpler model")
            self._expect("fail", "gate-model")
        with self._chapter("A data file that breaks its contract: stopped before training"):
            break_data(self.workshop.root / "data/rows/2013-12.parquet")
            self._expect("fail", "validate-data")

    def _expect(self, verdict: str, *commands: str) -> None:
        for command in commands:
            self._progress.note(f"\n$ mlops-ci {command}")
            ran = self.workshop.step(*command.split())
            self.journey.chapters[-1].ran.append(ran)
            if ran.report.get("verdict") != verdict:
                raise Rejected(
                    f"mlops-ci {command} ended with {ran.report.get('verdict')}, but this journey needs {verdict}. "
                    f"What it said stands above; the repository is {self.workshop.root}."
                )

    def _under_load(self, rows: list[dict[str, Any]], verdict: str) -> None:
        with Load(f"http://127.0.0.1:{self.port}/predict", rows, rate=RATE) as load:
            self._expect(verdict, "canary run")
        self._progress.note(load.describe())
        self.journey.answers = dict(Counter(self.journey.answers) + Counter(load.by_status()))

    @contextmanager
    def _chapter(self, title: str) -> Iterator[None]:
        chapter = Chapter(title, time.time())
        self.journey.chapters.append(chapter)
        self._progress.note(f"\n━━ {len(self.journey.chapters)}. {title}  ({chapter.began - self.journey.began:.0f} s)")
        yield
        chapter.seconds = time.time() - chapter.began

    def _clean_up(self) -> None:
        if self.workshop.root.is_dir():
            self.workshop.stop()
        shutil.rmtree(self.workshop.folder, ignore_errors=True)


def plant_bug(workshop: Workshop) -> None:
    """Make a mistake that training and the golden set cannot show: both hold complete rows only.

    In production a station's pressure is missing now and then, and a missing number has no whole part.
    """
    package = f"src/{workshop.root.name.replace('-', '_')}"
    workshop.edit(
        f"{package}/features.py",
        'number(rows["pressure"])',
        'number([int(value) for value in rows["pressure"]])',
    )
    workshop.edit(
        f"{package}/train.py",
        'return chosen(table[~table["id"].isin(golden["id"])], **which)',
        'return chosen(table[~table["id"].isin(golden["id"])], **which).dropna()',
    )


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return a month's flights as requests, shuffled: without id and label, which nobody knows at prediction time."""
    with open_table([path]) as table:
        rows: list[dict[str, Any]] = table.to_arrow().drop_columns(["id", "delayed"]).to_pylist()
    random.Random(0).shuffle(rows)  # noqa: S311 - an order, no secret
    return rows


def break_data(path: Path) -> None:
    """Deliver a month as a careless supplier would: distances in metres instead of miles."""
    from pyarrow import compute, parquet

    with open_table([path]) as table:
        rows = table.to_arrow()
    place = rows.column_names.index("distance")
    parquet.write_table(rows.set_column(place, "distance", compute.multiply(rows["distance"], 1609.34)), path)
