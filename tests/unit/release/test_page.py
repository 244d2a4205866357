from dataclasses import replace

from mlops_ci.release.page import page_path, write
from mlops_ci.release.state import Challenger, Release, State

ONE = Release("7", f"sha256:{'a' * 64}", "c" * 40, "evidence/gate-model/a.json", "2026-11-22T10:00:00Z")
OTHER = replace(ONE, version="8", model_digest=f"sha256:{'b' * 64}", image="ghcr.io/acme/x@sha256:1")
STATE = State("production", "flight-delay", ONE, Challenger(OTHER, 25, 2), ("sha256:dead",))


def test_it_says_who_has_the_traffic_and_how_to_take_it_back() -> None:
    said = write(STATE).decode()
    assert page_path(STATE) == "deploy/production/flight-delay.md"
    assert said.startswith("# What is live: flight-delay, production\n")
    assert "| traffic | 75 % | 25 % (step 2) |" in said
    assert "| version | 7 | 8 |" in said
    assert f"| model card | [what is known of it](../../cards/{'a' * 64}.md) | [what" in said
    assert "| image | – | `ghcr.io/acme/x@sha256:1` |" in said
    assert "mlops-ci rollback --environment production    # end the canary, and keep the champion" in said
    assert "- `sha256:dead`" in said


def test_without_a_canary_the_champion_stands_alone() -> None:
    said = write(replace(STATE, challenger=None, rejected=())).decode()
    assert "| traffic | 100 % | – |" in said
    assert "# all traffic to the champion (there is no canary)" in said
    assert "Rejected" not in said


def test_nothing_released_is_said() -> None:
    assert "Nothing is released." in write(State("production", "flight-delay")).decode()


def test_an_override_is_shown_and_breaks_out_of_no_cell() -> None:
    said = write(replace(STATE, champion=replace(ONE, override="Ada: a | b\n# c"))).decode()
    assert "| without evidence | **Ada: a \\| b # c** | – |" in said
