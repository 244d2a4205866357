import json
from dataclasses import replace
from typing import Any

import pytest

from builders import finding, report
from mlops_ci.journeys.verdict import join
from mlops_ci.render import comment
from mlops_ci.report import Measurement, StepReport, from_json
from unit.render.hostile import HOSTILE, tokens

RUN = "https://github.com/acme/delay/actions/runs/7/attempts/1"
MENTIONS = ["@acme/owners", "&#64;acme", "fixes #1", "https://evil.example", "<!-- mlops-ci report mlops-ci -->"]


def shown(*reports: StepReport | None, needs: dict[str, str] | None = None) -> str:
    """Return the comment on these reports of gate-model and, if there are more, of others."""
    names = ["gate-model", "validate-data", "scan"][: len(reports)]
    named = {name: replace(one, step=name) if one else None for name, one in zip(names, reports, strict=True)}
    raw = {name: read_back(one) if one else None for name, one in named.items()}
    return comment.render(join(needs or {}, raw), named, RUN)


def read_back(one: StepReport) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(one.to_json()))
    return loaded


def test_it_names_every_step_its_verdict_and_the_run() -> None:
    text = shown(report(finding(title="accuracy is worse", path="a_b.py", line=3)), report(), None)
    assert text.startswith("### ❌ verdict FAIL: judged, and it does not pass: 2 blocking")
    assert "| ❌ | gate-model | fail (exit 10) | 1 blocking |  |" in text
    assert "| ✅ | validate-data | pass (exit 0) |  |  |" in text
    assert "| ⚠️ | scan | **no report** |" in text
    assert "- There is no report of scan\n" in text
    assert "- **accuracy is worse** ([MCI-GATE-001](" in text
    assert "blocks) `a_b.py:3`\\\n  Train a better one." in text
    assert RUN in text.splitlines()[-1]


def test_when_everything_passed_it_is_short() -> None:
    text = shown(replace(report(), timings={"total": 3.21}))
    assert text.startswith("### ✅ verdict PASS")
    assert "| ✅ | gate-model | pass (exit 0) |  | 3.21 s |" in text
    assert "####" not in text
    assert "left out" not in text


def test_a_job_that_did_not_succeed_is_named() -> None:
    text = shown(report(), needs={"test": "cancelled", "model": "success"})
    assert "- The job test ended as cancelled\n" in text


def test_an_error_is_told() -> None:
    text = shown(StepReport("gate-model", judged=False, error="MLflow does not answer.", error_code=5))
    assert "| ⚠️ | gate-model | nothing was judged (exit 5) |" in text
    assert "- MLflow does not answer." in text


def test_a_report_that_contradicts_itself_does_not_shine() -> None:
    raw = read_back(report(finding(effect="informs"))) | {"exit_code": 10}
    text = comment.render(join({}, {"gate-model": raw}), {"gate-model": from_json(raw)}, RUN)
    assert text.startswith("### ❌")
    assert "| ⚠️ | gate-model | pass, contradicted by its own report" in text


def test_what_was_measured_stands_folded_worst_first() -> None:
    good = Measurement("roc_auc", "roc_auc", 0.01, -0.002, verdict="pass", champion=0.7, challenger=0.71)
    bad = replace(good, name="latency", verdict="fail")
    text = shown(report(measurements=(good, bad)))
    assert text.index("| latency |") < text.index("| roc\\_auc |")
    assert text.count("<details>") == text.count("</details>") == 1


@pytest.mark.parametrize("text", [*HOSTILE, *MENTIONS])
def test_hostile_text_stays_text(text: str) -> None:
    measured = Measurement(text, "accuracy", 0.1, verdict="pass", champion=0.5, challenger=0.6)
    found = [finding(title=text, message=text, path=text, name=text), finding(code=text)]
    one = shown(report(*found, measurements=(measured,)), None, needs={text: text})
    seen = tokens(one)
    kinds = [token.type for token in seen]
    assert not {"html_inline", "image", "fence", "blockquote_open", "hr"} & set(kinds)
    assert {token.content.strip() for token in seen if token.type == "html_block"} == {
        "<details><summary>gate-model: what was measured</summary>",
        "</details>",
    }
    assert kinds.count("heading_open") == 2
    links = [token.attrs["href"] for token in seen if token.type == "link_open"]
    assert links == [found[0].docs, RUN]
    assert (kinds.count("th_open"), kinds.count("td_open")) == (12, 17)
    rendered = "".join(token.content for token in seen if token.type == "text")
    assert "@acme" not in rendered


def test_it_stays_below_the_limit_and_says_how_much_was_left_out() -> None:
    many = [finding(title=f"finding {number} &&" * 30, message="&ü😀" * 400, path="p" * 900) for number in range(3_000)]
    measured = tuple(Measurement(f"m{number}" * 90, "accuracy", 0.1) for number in range(500))
    whole = report(*many, measurements=measured)
    text = shown(whole, whole, whole)
    assert 50_000 < len(text.encode("utf-16-le")) // 2 < comment.LIMIT - 200
    last = text.splitlines()[-1]
    kept = text.count("- **finding")
    assert last.startswith(f"**{3 * 3_000 - kept} findings and ")
    assert RUN in last
    assert text.count("<details>") == text.count("</details>")


def test_a_report_is_read_back_as_it_was_written() -> None:
    one = report(finding(path="a.py", line=1), measurements=(Measurement("a", "b", evidence={"x": [1]}),))
    assert from_json(read_back(one)) == one


@pytest.mark.parametrize("changes", [{"findings": "none"}, {"findings": [{"code": 1}]}, {"timings": {"total": "x"}}])
def test_what_has_another_shape_is_no_report(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_json(report().to_json() | changes)
