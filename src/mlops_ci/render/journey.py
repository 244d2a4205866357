"""A journey (`mlops-ci.demo/v1`) as a timeline for a terminal, and as one HTML page."""

from collections.abc import Mapping
from typing import Any

from mlops_ci.render import pictures
from mlops_ci.render.html import card, page


def timeline(journey: Mapping[str, Any]) -> list[str]:
    """Return the lines of a timeline: chapters, commands with their verdicts, and what each canary step saw."""
    lines = ["", "━━ What happened"]
    for chapter in journey["chapters"]:
        lines.append(f"{chapter['at']:6.0f} s  {chapter['title']}")
        for one in chapter["commands"]:
            lines.append(f"          {one['command']:<26} {_outcome(one)}")
            lines += [f"            {_event(event)}" for event in one["report"].get("timeline", [])]
    answers = ", ".join(f"{count:,} × {status}" for status, count in journey["answers"].items())
    lines += [
        f"{journey['seconds']:6.0f} s  the end",
        "",
        f"Answers to users during both canaries: {answers or 'none'}",
    ]
    lines += ["", "The record, git log mlops-ci/state, newest first:"]
    return lines + [f"  {line}" for line in journey["record"]]


def render(journey: Mapping[str, Any]) -> str:
    """Return the page."""
    chapters = [
        {
            "title": chapter["title"],
            "at": chapter["at"],
            "cards": [card(one["report"], f"{one['command']}: {_outcome(one)}") for one in chapter["commands"]],
        }
        for chapter in journey["chapters"]
    ]
    title = "From a first model to an automatic rollback"
    return page("journey.html", title=title, journey=journey, chapters=chapters, picture=pictures.overview(journey))


def _outcome(command: Mapping[str, Any]) -> str:
    report = command["report"]
    codes = " ".join(sorted({finding["code"] for finding in report["findings"] if finding["effect"] != "informs"}))
    decision = report["outputs"].get("decision", "")
    words = [
        str(report["verdict"] or "error"),
        decision,
        codes,
        f"(exit {command['exit_code']}, {command['seconds']} s)",
    ]
    return " ".join(word for word in words if word)


def _event(event: Mapping[str, Any]) -> str:
    detail = " ".join(str(event["detail"]).split())
    return f"{event['t']:6.1f} s  {event['event']:<12} {event['weight']:>3} %  {detail[:110]}"
