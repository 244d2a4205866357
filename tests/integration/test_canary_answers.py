"""What versions answer is judged from their request logs, as it comes: real services behind a real Envoy."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration.tiny import CHALLENGER, CHAMPION, Tiny, Watched, tiny
from mlops_ci.process import SystemClock
from mlops_ci.rollout.policy import policy_of
from mlops_ci.rollout.sources.choice import source_of
from mlops_ci.settings.canary import CanarySettings

pytestmark = pytest.mark.integration

NAMES = (CHAMPION, CHALLENGER)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Tiny]:
    with tiny(tmp_path) as made:
        made.start(CHAMPION)
        with made.load():  # from these the bins are made
            made.settle(CHAMPION, 200)
        yield made


def watched(both: Tiny, **settings: object) -> Watched:
    options = CanarySettings.model_validate({"serve": ["x"], "beta": 0.2, **settings})
    return Watched(both, source_of(options, both.engine, NAMES, SystemClock()), policy_of(options))


@contextmanager
def told(both: Tiny, outcomes: Path, *, labels: bool = True) -> Iterator[None]:
    """Write what became of each request, half a second late: its label, and a complaint of a wrong answer."""
    stop, seen = threading.Event(), dict.fromkeys(NAMES, 0)
    outcomes.touch()

    def write() -> None:
        while not stop.wait(0.5):
            with outcomes.open("a") as sink:
                for name in NAMES:
                    lines = both.engine.request_log(name).read_text().splitlines()
                    for raw in map(json.loads, lines[seen[name] :]):
                        label = "large" if raw["inputs"]["x"] > 0.5 else "small"
                        if labels:
                            sink.write(json.dumps({"request_id": raw["request_id"], "label": label}) + "\n")
                        if raw["output"]["prediction"] != label:
                            sink.write(json.dumps({"request_id": raw["request_id"], "event": "complaint"}) + "\n")
                    seen[name] = len(lines)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_an_equal_challenger_goes_on(both: Tiny) -> None:
    both.start(CHALLENGER)
    with both.load():
        trial = watched(both)
        assert sorted(trial.source.bins) == ["large", "other", "small"]
        assert trial.source.named == ("schema",)
        assert trial.until({"go-on", "roll-back"}, 60) == "go-on"


def test_a_shift_of_predictions_is_judged_where_the_settings_say_how_large_it_may_be(both: Tiny) -> None:
    both.start(CHALLENGER, schema="one-sided")
    with both.load():
        assert watched(both).until({"go-on", "roll-back"}, 60) == "go-on", "a new model may predict otherwise"
        trial = watched(both, answers={"within": 1.25})
        assert trial.until({"roll-back"}, 60) == "roll-back"
    assert trial.trial.culprit == "predictions"


def test_a_challenger_that_answers_in_another_schema_is_rolled_back(both: Tiny) -> None:
    both.start(CHALLENGER, schema="wrong")
    with both.load() as load:
        trial = watched(both)
        assert trial.until({"go-on", "roll-back"}, 60) == "roll-back"
    assert set(load.by_status()) == {"200"}, "no status says that anything is wrong"
    assert trial.trial.culprit == "schema"
    assert " of 0 requests" not in trial.trial.describe("schema")


def test_a_model_that_answers_quickly_but_wrong_is_caught_by_its_labels(both: Tiny, tmp_path: Path) -> None:
    both.start(CHALLENGER, wrong=0.2)
    outcomes = tmp_path / "outcomes.jsonl"
    with both.load(), told(both, outcomes):
        trial = watched(both, answers={"outcomes": str(outcomes)})
        assert trial.until({"roll-back"}, 60) == "roll-back"
    assert trial.trial.culprit == "labels"


def test_complaints_are_caught(both: Tiny, tmp_path: Path) -> None:
    both.start(CHALLENGER, wrong=0.2)
    outcomes = tmp_path / "outcomes.jsonl"
    with both.load(), told(both, outcomes, labels=False):
        settings = {"outcomes": str(outcomes), "events": ["complaint"], "event_wait": "2s"}
        trial = watched(both, answers=settings)
        assert trial.source.named == ("schema", "labels", "complaint")
        assert trial.until({"roll-back"}, 60) == "roll-back"
    assert trial.trial.culprit == "complaint"


def test_requests_can_be_counted_from_the_logs_alone(both: Tiny) -> None:
    both.start(CHALLENGER, fail=0.2)
    with both.load():
        trial = watched(both, counts="requests", answers={"segments": ["segment=odd"]})
        assert trial.until({"roll-back"}, 60) == "roll-back"
        assert trial.trial.culprit in {"errors", "segment=odd"}
        # Errors of all requests may end it first; the segment's own evidence comes in with half of them.
        end = time.monotonic() + 30
        while trial.trial.evidence_by["segment=odd"] <= 10 and time.monotonic() < end:
            trial.until({"roll-back"}, 5)
    assert trial.trial.evidence_by["segment=odd"] > 10
