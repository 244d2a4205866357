"""Bins of predictions, made from what the champion answered before the release."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_LEAST = 50  # answers: fewer tell no bins
_CLASSES = 20  # most frequent values that have bins of their own
_QUANTILES = 10
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Bins:
    """Quantiles of numbers, or the classes there are; one more bin for what is neither."""

    edges: tuple[float, ...] = ()  # upper bounds, rising
    classes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the bins' names, `other` last."""
        numbers = [*(f"<= {edge:g}" for edge in self.edges), "more"] if self.edges else []
        return (*self.classes, *numbers, OTHER)

    def place(self, answer: Any) -> int:  # noqa: ANN401 - whatever a model predicts
        """Return the bin of an answer; the last one for an answer that cannot be read, or is of no known class."""
        if self.edges:
            number = isinstance(answer, int | float) and answer == answer  # noqa: PLR0124 - no NaN
            return bisect_left(self.edges, answer) if number else len(self.edges) + 1
        text = str(answer)
        return self.classes.index(text) if text in self.classes else len(self.classes)


def bins_of(answers: Sequence[Any]) -> Bins | None:
    """Return the bins that a champion's answers make; None when they are too few or cannot be read."""
    known = [one for one in answers if one is not None]
    if len(known) < _LEAST:
        return None
    numbers = sorted(one for one in known if isinstance(one, int | float) and not isinstance(one, bool))
    if len(numbers) == len(known) and len(set(numbers)) > _CLASSES:
        cuts = (numbers[len(numbers) * tenth // _QUANTILES] for tenth in range(1, _QUANTILES))
        return Bins(edges=tuple(sorted(set(map(float, cuts)))))
    return Bins(classes=tuple(value for value, _ in Counter(map(str, known)).most_common(_CLASSES)))


def kept(path: Path, make: Callable[[], Bins | None]) -> Bins | None:
    """Return the bins that stand in a file, or make them and keep them: who goes on with a canary has the same."""
    if path.is_file():
        raw = json.loads(path.read_text())
        return Bins(tuple(raw["edges"]), tuple(raw["classes"]))
    made = make()
    if made:
        path.write_text(json.dumps(asdict(made)))
    return made
