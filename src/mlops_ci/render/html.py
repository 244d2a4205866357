"""A report as one self-contained HTML page: readable offline, in light and dark."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from mlops_ci.render import distributions, forest, pictures
from mlops_ci.render.words import headline, place_in_words, worst_first
from mlops_ci.report import Location, StepReport
from mlops_ci.shown import interval, number


def render(report: StepReport) -> str:
    """Return the page of one step."""
    ordered = replace(report, findings=tuple(worst_first(report.findings)))
    return page("report.html", title=headline(report), card=card(ordered.to_json(), headline(report)))


def card(raw: Mapping[str, Any], title: str) -> dict[str, Any]:
    """Return what a page shows of one report, given as JSON."""
    return {
        "title": title,
        "verdict": raw.get("verdict") or "error",
        "error": raw.get("error"),
        "findings": [{**one, "where": _where(one.get("location"))} for one in raw.get("findings", [])],
        "measurements": [one for one in raw.get("measurements", []) if one.get("challenger") is not None],
        "inputs": raw.get("inputs", {}),
        "distributions": distributions.pictures(raw.get("measurements", [])),
        "forest": forest.forest(raw.get("measurements", [])),
        "rounds": forest.rounds(raw.get("measurements", [])),
        "flipped": [id_ for one in raw.get("measurements", []) for id_ in one["evidence"].get("first_ids", ())],
        "picture": pictures.staircase(raw.get("timeline", [])),
        "timeline": raw.get("timeline", []),
    }


def _where(location: Mapping[str, Any] | None) -> str:
    """Return the place a finding in JSON points to; empty when it points nowhere."""
    return place_in_words(Location(**location)) if location else ""


def page(template: str, **values: Any) -> str:  # noqa: ANN401 - whatever the template shows
    """Return a template filled in; every value is escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mlops_ci", "resources/pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "bounds": lambda one: interval(one["low"], one["high"])}
    environment.globals |= {
        "width": pictures.WIDTH,
        "height": pictures.HEIGHT,
        "distribution_width": distributions.WIDTH,
        "forest_width": forest.WIDTH,
    }
    return environment
