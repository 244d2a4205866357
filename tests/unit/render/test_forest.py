"""The pictures of a gate: intervals and limits in their places, latency round by round."""

from mlops_ci.render.forest import ROW, forest, rounds
from mlops_ci.render.html import render
from mlops_ci.report import Measurement, StepReport

BETTER = Measurement("accuracy improve_by 0.01", "accuracy", 0.03, 0.02, 0.04, "", 0.01, 100, "t", "pass", 0.8, 0.83)
WORSE = Measurement("a=b: accuracy", "accuracy", -0.03, -0.05, -0.02, "", -0.01, 100, "t", "fail", 0.8, 0.77)
ALONE = Measurement("latency", "latency_p95_ms", None, 3.0, 4.0, "ms", 40.0, 12, "t", "pass", 3.3, 3.5,
                    evidence={"rounds": {"champion": [3.0, 4.0, 3.0], "challenger": [3.5, 3.5, 5.0]}})  # fmt: skip
UNJUDGED = Measurement("roc_auc", "roc_auc", challenger=0.8)
REPORT = StepReport("gate-model", measurements=(BETTER, WORSE, ALONE, UNJUDGED))


def test_each_judged_rule_is_a_line_and_one_metric_shares_its_scale() -> None:
    found = forest(REPORT.to_json()["measurements"])
    assert found is not None
    better, worse, alone = found.lines
    assert found.height == 3 * ROW + 10
    assert worse.low < worse.point < worse.high < worse.limit < (worse.zero or 0) < better.limit < better.low
    assert better.zero == worse.zero
    assert alone.zero is None
    assert alone.low < alone.point < alone.high < alone.limit
    assert [line.verdict for line in found.lines] == ["pass", "fail", "pass"]


def test_nothing_judged_is_no_picture() -> None:
    assert forest([]) is None
    assert forest(StepReport("gate-model", measurements=(UNJUDGED,)).to_json()["measurements"]) is None
    assert rounds([]) == ()


def test_the_page_has_the_pictures_and_the_flipped_rows() -> None:
    flips = Measurement("flips", "flips", evidence={"first_ids": ["r1", "<b>"]})
    page = render(StepReport("gate-model", measurements=(*REPORT.measurements, flips)))
    assert page.count('class="bounds fail"') == 1
    assert page.count("<polyline") == 2
    assert "r1, &lt;b&gt;" in page
