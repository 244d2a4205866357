from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import UsageProblem
from mlops_ci.release.state import Challenger, Release, State, parse

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)
RELEASES = st.builds(Release, TEXT, TEXT, TEXT, TEXT, TEXT, st.just("") | TEXT)
ONE = Release("7", f"sha256:{'a' * 64}", "c" * 40, "evidence/x.json", "2026-11-22T10:00:00Z")
OTHER = replace(ONE, version="8", model_digest=f"sha256:{'b' * 64}")
STATE = State("production", "flight-delay", ONE, Challenger(OTHER, 25, 2), ("sha256:dead",))


@given(
    st.none() | RELEASES,
    st.none() | st.builds(Challenger, RELEASES, st.integers(1, 99), st.integers(1, 9)),
    st.lists(TEXT, max_size=3).map(tuple),
)
def test_what_is_written_is_read_again(
    champion: Release | None, challenger: Challenger | None, rejected: tuple[str, ...]
) -> None:
    state = State("production", "flight-delay", champion, challenger, rejected)
    assert parse(state.to_yaml(), "production", "flight-delay") == state


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[1, 2]",
        "a: [",
        "schema: mlops-ci.release/v1",
        STATE.to_yaml().replace("release/v1", "release/v2"),
        STATE.to_yaml().replace("environment: production", "environment: staging"),
        STATE.to_yaml().replace("model: flight-delay", "model: other"),
        STATE.to_yaml().replace("  commit: ", "  comit: ", 1),
        STATE.to_yaml().replace("weight: 25", "weight: many"),
        STATE.to_yaml().replace("weight: 25", "weight: 250"),
        STATE.to_yaml().replace("  step: 2\n", ""),
        STATE.to_yaml() + "surprise: 1\n",
        STATE.to_yaml().replace("version: '7'", "version: 7"),
        STATE.to_yaml().replace("rejected:\n- sha256:dead", "rejected: 5"),
        STATE.to_yaml().replace("version: '7'", "version: {a: b}"),
    ],
)
def test_nonsense_is_refused_with_the_files_name(text: str) -> None:
    assert text != STATE.to_yaml()
    with pytest.raises(UsageProblem, match=r"deploy/production/flight-delay\.yaml on the state branch"):
        parse(text, "production", "flight-delay")


def test_a_release_file_reads_as_the_design_says() -> None:
    lines = STATE.to_yaml().splitlines()
    assert lines[:4] == [
        "schema: mlops-ci.release/v1",
        "environment: production",
        "model: flight-delay",
        "champion:",
    ]
    assert "challenger:" not in State("production", "m", ONE).to_yaml()


def test_ending_a_canary_can_remember_the_challenger() -> None:
    assert STATE.without_challenger(reject=False) == replace(STATE, challenger=None)
    rejected = STATE.without_challenger(reject=True)
    assert rejected.rejected == ("sha256:dead", OTHER.model_digest)
    assert rejected.without_challenger(reject=True) == rejected


def test_a_digest_is_remembered_once() -> None:
    state = replace(STATE, rejected=(OTHER.model_digest,))
    assert state.without_challenger(reject=True).rejected == (OTHER.model_digest,)


def test_two_releases_never_share_a_name() -> None:
    assert ONE.name == "v7-aaaaaaaaaaaa"
    assert ONE.name != replace(ONE, model_digest=OTHER.model_digest).name


def test_an_override_stands_in_the_file_and_only_there_where_there_is_one() -> None:
    overridden = replace(ONE, override="Ada <ada@example.org>: the old one fails; 'now'")
    state = State("production", "delay", overridden, Challenger(overridden, 5, 1))
    assert state.to_yaml().count("override:") == 2
    assert parse(state.to_yaml(), "production", "delay") == state
    assert "override" not in State("production", "delay", ONE).to_yaml()
