import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops_ci.contracts import drift_words
from mlops_ci.contracts.drift import ColumnDrift
from mlops_ci.contracts.profile import ColumnProfile, Profile
from profiled import drifts, profiled


def columns(seed: int, rows: int = 3_000, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any values
    random = np.random.default_rng(seed)
    names = [f"category {at}" for at in range(15)]
    return {
        "temp": random.normal(10, 3, rows),
        "origin": random.choice(names, rows, p=np.arange(15, 0, -1) / 120).tolist(),
        "secret": random.choice(["hunter2", "letmein"], rows).tolist(),
    } | changed


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    return profiled(tmp_path_factory.mktemp("reference"), columns(0), "secret")


def said(found: dict[str, ColumnDrift]) -> list[tuple[str, str, str]]:
    return [(one.code, one.effect, one.title) for one in drift_words.findings(list(found.values()), "p.json")]


def test_no_drift_is_no_finding_but_every_distance_is_measured(tmp_path: Path, profile: Profile) -> None:
    found = drifts(tmp_path, profile, columns(1))
    assert said(found) == []
    measured = drift_words.measurements(list(found.values()))
    assert [one.name for one in measured] == [
        "psi(temp)", "jensen_shannon(temp)", "wasserstein(temp)", "kolmogorov_smirnov(temp)", "missing(temp)",
        "psi(origin)", "jensen_shannon(origin)", "chi_square(origin)", "missing(origin)",
        "missing(secret)",
    ]  # fmt: skip
    assert {one.verdict for one in measured} == {"pass", None}
    assert measured[0].threshold == 0.1
    assert (measured[0].n, measured[0].evidence["reference_n"]) == (3_000, 3_000)
    assert measured[0].evidence["p_corrected"] >= measured[0].evidence["p_value"]


def test_a_drifted_number_is_told_with_distance_limit_and_corrected_p(tmp_path: Path, profile: Profile) -> None:
    found = drifts(tmp_path, profile, columns(1, temp=np.random.default_rng(2).normal(13, 3, 3_000)))
    (one,) = drift_words.findings(list(found.values()), "p.json")
    assert (one.code, one.severity, one.effect) == ("MCI-DATA-002", "high", "blocks")
    assert one.title.startswith("temp: distribution drifted: Wasserstein 0.9")
    assert one.title.endswith("(limit 0.1), p < 1e-12 corrected")
    assert one.message.startswith("Most of it: over 13.")
    assert "write p.json again" in one.message
    verdicts = {m.name: m.verdict for m in drift_words.measurements(list(found.values()))}
    assert (verdicts["psi(temp)"], verdicts["kolmogorov_smirnov(temp)"], verdicts["psi(origin)"]) == (
        "fail",
        None,
        "pass",
    )


def test_new_categories_are_told(tmp_path: Path, profile: Profile) -> None:
    found = drifts(tmp_path, profile, columns(1, origin=["XYZ"] * 600 + columns(1)["origin"][600:]))
    (one,) = drift_words.findings(list(found.values()), "p.json")
    assert "New: XYZ. " in one.message
    assert one.evidence["new"] == ["XYZ"]


def test_more_missing_values_are_told(tmp_path: Path, profile: Profile) -> None:
    found = drifts(tmp_path, profile, columns(1, secret=[None] * 300 + ["x"] * 2_700))
    assert said(found) == [
        ("MCI-DATA-002", "blocks", "secret: 10.0% missing, were 0.0% (limit 5 points), p < 1e-12 corrected")
    ]


def test_a_column_that_changed_blocks(tmp_path: Path, profile: Profile) -> None:
    data = columns(1, temp=["warm"] * 3_000)
    del data["origin"]
    assert said(drifts(tmp_path, profile, data)) == [
        ("MCI-DATA-003", "blocks", "temp: holds text values, the profile's are number"),
        ("MCI-DATA-003", "blocks", "origin: the column of the profile is not in the data"),
    ]


def test_too_few_values_are_undecided_once(tmp_path: Path, profile: Profile) -> None:
    found = drifts(tmp_path, profile, columns(1, 60))
    assert said(found) == [("MCI-DATA-004", "undecided", "drift is undecided in 3 columns: too few values")]
    (one,) = drift_words.findings(list(found.values()), "p.json")
    assert "temp (60; 3,000), origin (60; 3,000), secret (60; 3,000). They are too few" in one.message


def test_the_picture_travels_in_the_evidence_small_and_without_secrets(tmp_path: Path, profile: Profile) -> None:
    measured = drift_words.measurements(list(drifts(tmp_path, profile, columns(1)).values()))
    pictures = {one.name: one.evidence["picture"] for one in measured if "picture" in one.evidence}
    assert set(pictures) == {"psi(temp)", "psi(origin)"}
    assert len(pictures["psi(temp)"]["labels"]) == 10
    assert sum(pictures["psi(temp)"]["reference"]) == pytest.approx(1)
    assert len(pictures["psi(origin)"]["labels"]) == 11
    assert pictures["psi(origin)"]["labels"][-1] == "(other)"
    assert sum(pictures["psi(origin)"]["current"]) == pytest.approx(1, abs=1e-4)
    text = json.dumps([dict(one.evidence) for one in measured])
    assert "hunter2" not in text
    assert max(len(json.dumps(dict(one.evidence))) for one in measured) < 1_500


def test_there_is_no_bar_for_others_where_there_are_none(tmp_path: Path) -> None:
    flags = profiled(tmp_path, {"flag": [True, False] * 200})
    (one,) = drifts(tmp_path, flags, {"flag": [True, False] * 100}).values()
    assert sorted(drift_words.picture(one)["labels"]) == ["False", "True"]


def test_the_shortest_and_the_longest_labels() -> None:
    assert drift_words._short("x" * 41) == "x" * 39 + "…"
    assert drift_words._labels(ColumnDrift(ColumnProfile("x", "number", 0, 1), 1, 1, 0.05)) == ["all"]
