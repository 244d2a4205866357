"""What a version did reads so that a person sees at once what was slow."""

from mlops_ci.rollout.tally import Tally
from mlops_ci.traffic.engine import Counts

BOUNDS = (10.0, 50.0, 250.0)


def counts(*latency: int) -> Counts:
    return Counts(sum(latency), sum(latency), 0, latency)


def test_half_and_most_of_the_answers_are_named_by_their_buckets() -> None:
    tally = Tally()
    tally.add(counts(60, 30, 8, 2), timed=True)
    assert tally.latencies(BOUNDS, 250.0) == "100 answers, half within 10 ms, 95 % within 250 ms, 2 over 250 ms"
    assert tally.latencies(BOUNDS, 50.0).endswith("10 over 50 ms")


def test_what_no_bucket_bounds_is_over_the_last() -> None:
    tally = Tally()
    tally.add(counts(0, 0, 0, 3), timed=True)
    assert tally.latencies(BOUNDS, 250.0) == "3 answers, half over 250 ms, 95 % over 250 ms, 3 over 250 ms"


def test_latencies_of_a_warm_up_are_left_out() -> None:
    tally = Tally()
    tally.add(counts(5, 0, 0, 5), timed=False)
    assert (tally.requests, tally.latencies(BOUNDS, 250.0)) == (10, "0 answers")
