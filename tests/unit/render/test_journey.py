from typing import Any

from builders import finding
from mlops_ci.render import journey
from mlops_ci.report import StepReport

EVENTS = (
    {"t": 0.5, "time": 1_020.5, "event": "step", "weight": 50, "detail": "needs about 900 requests"},
    {"t": 9.25, "time": 1_029.2, "event": "rolled back", "weight": 0, "detail": "champion\n   has all  traffic"},
)
GATE = StepReport("gate-model", findings=(finding("MCI-GATE-009", "informs"),))
CANARY = StepReport(
    "canary",
    findings=(finding("MCI-CANARY-002"), finding("MCI-CANARY-001"), finding("MCI-CANARY-002")),
    outputs={"decision": "roll-back"},
    timeline=EVENTS,
)


def command(name: str, report: StepReport, at: float, seconds: float) -> dict[str, Any]:
    raw = report.to_json()
    return {"command": name, "exit_code": report.exit_code, "at": at, "seconds": seconds, "report": raw}


def told(**changes: object) -> dict[str, Any]:
    """Return a journey of two chapters."""
    gate, canary = command("mlops-ci gate-model", GATE, 3.0, 1.5), command("mlops-ci canary run", CANARY, 20.0, 12.0)
    return {
        "schema": "mlops-ci.demo/v1",
        "began": 1_000.0,
        "seconds": 40.4,
        "folder": "/tmp/demo",  # noqa: S108 - a text that is shown
        "chapters": [
            {"title": "A first model", "at": 2.0, "seconds": 5.0, "commands": [gate]},
            {"title": "A bad one", "at": 15.0, "seconds": 20.0, "commands": [canary]},
        ],
        "answers": {"200": 12_345, "500": 7},
        "record": ["abc123 Roll back v8", "def456 Release v7"],
        **changes,
    }


def test_the_timeline_tells_chapters_commands_and_events_in_their_order() -> None:
    assert journey.timeline(told()) == [
        "",
        "━━ What happened",
        "     2 s  A first model",
        "          mlops-ci gate-model        pass (exit 0, 1.5 s)",
        "    15 s  A bad one",
        "          mlops-ci canary run        fail roll-back MCI-CANARY-001 MCI-CANARY-002 (exit 10, 12.0 s)",
        "               0.5 s  step          50 %  needs about 900 requests",
        "               9.2 s  rolled back    0 %  champion has all traffic",
        "    40 s  the end",
        "",
        "Answers to users during both canaries: 12,345 × 200, 7 × 500",
        "",
        "The record, git log mlops-ci/state, newest first:",
        "  abc123 Roll back v8",
        "  def456 Release v7",
    ]


def test_without_any_answer_the_timeline_says_none() -> None:
    assert "Answers to users during both canaries: none" in journey.timeline(told(answers={}))


def test_a_command_that_judged_nothing_is_an_error() -> None:
    broken = StepReport("canary", judged=False, error="no proxy", error_code=5)
    chapters = [{"title": "x", "at": 0.0, "seconds": 1.0, "commands": [command("mlops-ci canary run", broken, 0, 1.0)]}]
    assert any(line.endswith(" error (exit 5, 1.0 s)") for line in journey.timeline(told(chapters=chapters)))


def test_a_long_detail_does_not_break_the_lines() -> None:
    event = {"t": 1.0, "time": 1_001.0, "event": "never ready", "weight": 0, "detail": "word\n" * 500}
    long = StepReport("canary", timeline=(event,))
    chapters = [{"title": "x", "at": 0.0, "seconds": 1.0, "commands": [command("c", long, 0, 1.0)]}]
    assert max(len(line) for line in journey.timeline(told(chapters=chapters))) < 160


def test_the_page_tells_the_same_and_loads_nothing_from_elsewhere() -> None:
    page = journey.render(told())
    for said in ("A first model", "A bad one", "mlops-ci canary run: fail roll-back", "12,345 × 200", "Roll back v8"):
        assert said in page
    assert page.count("<svg") == 2  # the whole journey, and the one canary
    assert not [word for word in ("<script", "<link", "<img", "src=", "url(", "@import") if word in page]


def test_hostile_text_stays_text_on_the_page() -> None:
    evil = "<script>alert(1)</script>"
    chapters = [{"title": evil, "at": 0.0, "seconds": 1.0, "commands": [command(evil, GATE, 0, 1.0)]}]
    page = journey.render(told(chapters=chapters, record=[evil], answers={evil: 1}))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 4
