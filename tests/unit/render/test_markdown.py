import pytest

from builders import finding, report
from mlops_ci.render import markdown
from mlops_ci.report import Measurement, StepReport
from unit.render.hostile import HOSTILE, tokens


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    measured = Measurement(text, "accuracy", 0.1, verdict="pass", champion=0.5, challenger=0.6)
    one = report(finding(title=text, message=text, path=text, name=text), measurements=(measured,))
    seen = tokens(markdown.render(one))
    kinds = [token.type for token in seen]
    assert not {"html_block", "html_inline", "image", "fence", "blockquote_open", "hr"} & set(kinds)
    assert kinds.count("heading_open") == 1
    assert kinds.count("list_item_open") == 1
    links = [token.attrs["href"] for token in seen if token.type == "link_open"]
    assert links == [one.findings[0].docs]
    assert (kinds.count("th_open"), kinds.count("td_open")) == (7, 7)


@pytest.mark.parametrize("text", [*HOSTILE, "```\n<b>out</b>\n```"])
def test_an_error_stays_in_its_block(text: str) -> None:
    seen = tokens(markdown.render(StepReport("gate-model", judged=False, error=text, error_code=5)))
    kinds = [token.type for token in seen]
    assert kinds.count("fence") == 1
    assert not {"html_block", "html_inline", "image", "link_open"} & set(kinds)


def test_it_stays_below_the_limit_and_says_that_it_was_cut() -> None:
    many = [finding(title=f"finding {number}", message="ü" * 400) for number in range(3_000)]
    text = markdown.render(report(*many))
    assert len(text.encode()) < 1024 * 1024
    assert "cut here" in text
    assert text.startswith("### ❌ ")


def test_one_enormous_text_still_leaves_the_verdict() -> None:
    for one in (
        report(finding(message="x" * 2_000_000)),
        StepReport("gate-model", judged=False, error="x" * 2_000_000, error_code=5),
    ):
        text = markdown.render(one)
        assert len(text.encode()) < 1024 * 1024
        assert "gate-model" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("one", "mark"),
    [
        (report(), "✅"),
        (report(finding()), "❌"),
        (report(finding(effect="undecided")), "❔"),
        (StepReport("gate-model", judged=False, error="x", error_code=3), "⚠️"),
    ],
)
def test_the_verdict_is_in_the_first_line(one: StepReport, mark: str) -> None:
    assert mark in markdown.render(one).splitlines()[0]
