from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from builders import finding, report
from mlops_ci.render import html
from mlops_ci.report import DOCS, Measurement, StepReport

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title></style></pre><b>out</b>",
    "\"><svg onload='alert(1)'>",
    "<!-- comment",
    "{{ 7 * 7 }}{% for %}",
    "&lt;b&gt;",
]
EVENTS = (
    {"t": 0.0, "time": 100.0, "event": "step", "weight": 50, "detail": "needs about 900 requests"},
    {"t": 2.0, "time": 102.0, "event": "promoted", "weight": 100, "detail": "v8 is the champion"},
)


@dataclass
class Page(HTMLParser):
    """What a browser would see of a page."""

    text: str = ""
    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)  # tag, name, value

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(one: StepReport) -> Page:
    page = Page()
    page.feed(html.render(one))
    page.close()
    return page


def measured(name: str = "accuracy", challenger: float | None = 0.6) -> Measurement:
    return Measurement(name, "accuracy", 0.1, 0.05, 0.15, verdict="pass", champion=0.5, challenger=challenger)


def full(text: str) -> StepReport:
    """Return a report with a text wherever a text can stand."""
    event = {"t": 0.0, "event": text, "weight": 5, "detail": text}
    return StepReport(
        "gate-model",
        error=text,
        error_code=5,
        findings=(finding(title=text, message=text, path=text, name=text),),
        measurements=(measured(text),),
        inputs={text: text},
        timeline=(event,),
    )


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = html.render(full("x"))
    assert not {"script", "link", "img", "iframe", "object", "base", "image", "use"} & set(seen(full("x")).tags)
    assert not [word for word in ("url(", "@import", "@font-face", "src=") if word in page]


def test_the_only_links_lead_to_the_documentation_of_findings() -> None:
    links = [value for _, name, value in seen(full("x")).attributes if name in {"href", "src", "xlink:href", "srcset"}]
    assert links == [f"{DOCS}#mci-gate-001"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    plain, hostile = seen(full("harmless")), seen(full(text))
    assert hostile.tags == plain.tags
    assert [(tag, name) for tag, name, _ in hostile.attributes] == [(tag, name) for tag, name, _ in plain.attributes]
    assert hostile.text.count(text) == plain.text.count("harmless")


def test_findings_stand_worst_first() -> None:
    found = (finding("A", "informs"), finding("B", "undecided"), finding("C", "blocks"))
    text = seen(report(*found)).text
    assert text.index("C worse") < text.index("B worse") < text.index("A worse")


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (report(), "pass", "gate-model PASS"),
        (report(finding()), "fail", "gate-model FAIL"),
        (report(finding(effect="undecided")), "inconclusive", "gate-model INCONCLUSIVE"),
        (StepReport("gate-model", judged=False, error="no file", error_code=3), "error", "gate-model NOT PASSED"),
    ],
)
def test_title_and_card_say_the_verdict(one: StepReport, kind: str, said: str) -> None:
    page = seen(one)
    assert ("div", "class", f"card {kind}") in page.attributes
    assert page.text.strip().startswith(said)


def test_an_error_is_told() -> None:
    assert "no file" in seen(StepReport("gate-model", judged=False, error="no file", error_code=3)).text


def test_digests_of_what_was_judged_are_shown() -> None:
    text = seen(StepReport("gate-model", inputs={"model": "sha256:abc"})).text
    assert "sha256:abc" in text


def test_measurements_of_a_challenger_are_shown_as_a_table() -> None:
    text = seen(report(measurements=(measured("kept"), measured("left out", challenger=None)))).text
    assert "kept" in text
    assert "0.05 … 0.15" in text
    assert "left out" not in text


def test_a_timeline_is_drawn_and_listed() -> None:
    page = seen(StepReport("canary", timeline=EVENTS))
    assert page.tags.count("svg") == 1
    assert page.tags.count("circle") == 2
    assert "v8 is the champion" in page.text


def test_without_a_timeline_nothing_is_drawn() -> None:
    assert "svg" not in seen(report()).tags
