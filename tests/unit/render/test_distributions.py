from typing import Any

import pytest

from mlops_ci.render import html
from mlops_ci.render.distributions import WIDTH, pictures
from mlops_ci.report import Measurement, StepReport

TENTHS = {
    "column": "temp",
    "form": "bins",
    "drifted": True,
    "excess": 3.2,
    "labels": ["up to 1", "1 … 2", "over 2"],
    "reference": [0.3, 0.3, 0.4],
    "current": [0.1, 0.1, 0.8],
}
NAMES = {
    "column": "<b>origin",
    "form": "categories",
    "drifted": False,
    "excess": 4.0,
    "labels": ["<script>", "a category with a long name", "(other)"],
    "reference": [0.5, 0.5, 0.0],
    "current": [0.5, 0.4, 0.1],
}
QUIET = {**TENTHS, "column": "quiet", "drifted": False, "excess": 0.1}


def measurements(*drawn: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"evidence": {"picture": one}} for one in drawn] + [{"evidence": {"p_value": 1.0}}, {"evidence": {}}]


def test_the_drifted_come_first_then_the_furthest() -> None:
    assert [one.column for one in pictures(measurements(QUIET, NAMES, TENTHS))] == ["temp", "<b>origin", "quiet"]


def test_no_pictures_are_none() -> None:
    assert pictures(measurements()) == ()


def test_bars_are_as_high_as_their_shares() -> None:
    (one,) = pictures(measurements(TENTHS))
    heights = [bar.height for bar in (*one.reference, *one.current)]
    assert heights == pytest.approx([33, 33, 44, 11, 11, 88])
    assert one.current[2].y + one.current[2].height == one.reference[0].y + one.reference[0].height


@pytest.mark.parametrize("raw", [TENTHS, NAMES])
def test_nothing_stands_outside_the_picture(raw: dict[str, Any]) -> None:
    (one,) = pictures(measurements(raw))
    for bar in (*one.reference, *one.current):
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= bar.y + bar.height <= one.height
    assert all(0 <= word.y <= one.height for word in one.words)


def test_names_are_cut_in_the_picture_but_not_in_the_text_beside_it() -> None:
    (one,) = pictures(measurements(NAMES))
    assert [word.text for word in one.words] == ["<script>", "a category with …", "(other)"]
    assert "a category with a long name: 40.0%, was 50.0%" in one.described


def test_shares_of_nothing_are_drawn_flat() -> None:
    (one,) = pictures(measurements({**TENTHS, "reference": [0, 0, 0], "current": [0, 0, 0]}))
    assert {bar.height for bar in one.current} == {0}


def test_the_page_shows_them_escaped_with_a_text_alternative() -> None:
    evidence = ({"picture": TENTHS}, {"picture": NAMES})
    page = html.render(
        StepReport("validate-data", measurements=tuple(Measurement("psi(x)", "psi", evidence=one) for one in evidence))
    )
    assert page.count("<figure>") == 2
    assert 'aria-label="temp: up to 1: 10.0%, was 30.0%; 1 … 2: 10.0%, was 30.0%; over 2: 80.0%, was 40.0%"' in page
    assert page.count('class="current"') == page.count('class="reference"') == 6
    assert "<script>" not in page
    assert "drifted, 3.2 ×" in page


def test_a_page_without_drift_measurements_has_no_such_part() -> None:
    assert "Distributions" not in html.render(StepReport("gate-model"))
