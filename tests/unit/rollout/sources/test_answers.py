"""Request logs and outcomes become counts: each case once, joined by request id, whoever reads them when."""

import json
from pathlib import Path

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.sources.answers import AnswerCounts
from mlops_ci.rollout.sources.bins import Bins, bins_of, kept
from mlops_ci.rollout.sources.outcomes import Labels, Outcomes, happenings
from mlops_ci.rollout.sources.tail import Tail
from unit.rollout.fakes import FakeClock


def line(ident: str, output: object, status: int = 200, ms: float = 5.0, label: object = None) -> str:
    raw = {
        "schema": "mlops-ci.request/v1", "time": "2027-01-15T08:00:00Z", "request_id": ident, "output": output,
        "inputs": {"carrier": "UA"}, "latency_ms": ms, "label": label, "status": status,
    }  # fmt: skip
    return json.dumps(raw) + "\n"


class Made:
    """A source over a log and a file of outcomes."""

    def __init__(self, folder: Path, *events: str, wrong_beyond: float | None = None) -> None:
        self.log, self.told, self.clock = folder / "requests.jsonl", folder / "outcomes.jsonl", FakeClock()
        self.log.touch()
        self.told.touch()
        outcomes = Outcomes(Tail(self.told), Labels(wrong_beyond), happenings(events, 60.0))
        self.source = AnswerCounts(
            {"v1": Tail(self.log)}, "prediction", (10.0,), Bins(classes=("a", "b")), self.clock, outcomes,
            ("carrier=UA", "carrier=DL"),
        )  # fmt: skip

    def outcome(self, **raw: object) -> None:
        with self.told.open("a") as sink:
            sink.write(json.dumps(raw) + "\n")

    def named(self) -> dict[str, tuple[int, int]]:
        return dict(zip(self.source.named, self.source.counts()["v1"].named, strict=True))


def test_answers_are_counted_by_bin_and_those_that_cannot_be_read_apart(tmp_path: Path) -> None:
    made = Made(tmp_path)
    told = [
        line("1", {"prediction": "a"}),
        line("2", {"prediction": "c"}),
        line("3", ["a"]),
        line("4", None, 500, 50.0),
    ]
    made.log.write_text("".join(told))
    counts = made.source.counts()["v1"]
    assert (counts.requests, counts.errors, counts.latency) == (4, 1, (3, 1))
    assert dict(zip(made.source.bins, counts.predictions, strict=True)) == {"a": 1, "b": 0, "other": 2}
    assert made.named() == {"schema": (3, 1), "labels": (0, 0), "carrier=UA": (4, 1), "carrier=DL": (0, 0)}


def test_labels_count_when_they_come_and_once(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.log.write_text(line("1", {"prediction": "a"}) + line("2", {"prediction": "b"}, label="a"))
    assert made.named()["labels"] == (1, 1), "one came with its request"
    for _ in range(2):
        made.outcome(request_id="1", label="a")
    made.outcome(request_id="nobody", label="a")
    assert made.named()["labels"] == (2, 1)


def test_a_log_that_is_not_there_yet_has_no_requests(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.log.unlink()
    assert made.source.counts()["v1"].requests == 0
    made.log.write_text(line("1", {"prediction": "a"}))
    assert made.source.counts()["v1"].requests == 1


def test_a_copy_of_a_request_has_no_outcome_of_its_own(tmp_path: Path) -> None:
    made = Made(tmp_path, "complaint")
    made.log.write_text(line("1", {"prediction": "a"}))
    copied = tmp_path / "copies.jsonl"
    copied.write_text(line("1", {"prediction": "b"}))
    made.source.logs = {"v1": Tail(made.log), "v2": Tail(copied)}
    made.source.counts()
    made.outcome(request_id="1", label="a")
    made.outcome(request_id="1", event="complaint")
    made.clock.time += 60.0
    counts = made.source.counts()
    assert counts["v1"].named[1:3] == ((1, 0), (1, 1))
    assert counts["v2"].named[1:3] == ((0, 0), (0, 0)), "nobody saw its answer"


def test_numbers_may_be_wrong_by_a_little(tmp_path: Path) -> None:
    made = Made(tmp_path, wrong_beyond=0.5)
    made.log.write_text(line("1", {"prediction": 2.0}, label=2.4) + line("2", {"prediction": 2.0}, label=3))
    assert made.named()["labels"] == (2, 1)


def test_events_count_with_their_requests_when_the_wait_is_over(tmp_path: Path) -> None:
    made = Made(tmp_path, "complaint")
    made.log.write_text(line("1", {"prediction": "a"}) + line("2", {"prediction": "a"}))
    made.outcome(request_id="1", event="complaint")
    made.outcome(request_id="1", event="praise")
    assert made.named()["complaint"] == (0, 0), "request 2 may still be complained of"
    made.clock.time += 60.0  # the log's requests are of the clock's first second
    assert made.named()["complaint"] == (2, 1)


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", '{"request_id": "1"}\n'])
def test_a_line_of_another_kind_is_a_failure(tmp_path: Path, text: str) -> None:
    made = Made(tmp_path)
    made.told.write_text(text)
    with pytest.raises(ProgramFailed, match="no outcome"):
        made.source.counts()
    made.log.write_text(text)
    with pytest.raises(ProgramFailed, match=r"no mlops-ci\.request/v1"):
        made.source.counts()


def test_bins_are_quantiles_of_numbers_or_the_classes_there_are(tmp_path: Path) -> None:
    numbers = bins_of([at / 100 for at in range(100)])
    assert numbers is not None
    assert len(numbers.names) == 11
    assert [numbers.place(one) for one in (-1.0, 0.55, 2.0, "a", None, float("nan"))] == [0, 5, 9, 10, 10, 10]
    classes = bins_of(["a"] * 60 + ["b"] * 40)
    assert classes is not None
    assert [classes.place(one) for one in ("a", "b", "c", None)] == [0, 1, 2, 2]
    assert bins_of(["a"] * 49) is None
    assert kept(tmp_path / "bins", lambda: numbers) == kept(tmp_path / "bins", lambda: None) == numbers
