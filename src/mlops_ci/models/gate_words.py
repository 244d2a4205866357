"""What a gate found, in the words of a result."""

from math import ceil

from mlops_ci.report import Effect, Finding, Location, Measurement


def rule_found(one: Measurement) -> Finding:
    """Return the finding about a rule that is not met, or not decided."""
    place = Location(name=one.metric)
    seen = f"measured {number(one.value if one.value is not None else one.challenger)}"
    bounds = f"95 % bounds {number(one.low)} and {number(one.high)}, limit {number(one.threshold)}"
    count = f", n = {one.n:,}" if one.n else ""
    if one.verdict == "fail":
        message = f"{seen}; {bounds}{count}. The challenger does not ship; train a better one."
        return Finding("MCI-GATE-001", "critical", "blocks", f"{one.name}: not met", message, place)
    message = (
        f"{seen} by {one.method}; {bounds}{count}. This golden set shows effects of {number(one.detectable)} with "
        f"80 % power{_enough(one)}: add golden rows, or widen the limit."
    )
    return Finding("MCI-GATE-002", "high", "undecided", f"{one.name}: not decided", message, place)


def enough(one: Measurement) -> int | None:
    """Return about how many units would decide a rule if the truth were as measured; None where that is the limit.

    The smallest effect that is shown shrinks with the root of the number of units.
    """
    measured = one.value if one.value is not None else one.challenger
    if measured is None or one.threshold in {None, measured} or not one.detectable or not one.n:
        return None
    return ceil(one.n * (one.detectable / (measured - (one.threshold or 0.0))) ** 2)


def _enough(one: Measurement) -> str:
    needed = enough(one)
    return f"; if the truth is as measured, about {needed:,} would decide" if needed else ""


def slice_found(one: Measurement, *, undecided: Effect) -> Finding:
    """Return the finding about a slice that is worse, or not decided."""
    name = str(one.evidence["slice"])
    place = Location(name=name)
    seen = f"measured {number(one.value)} on {one.n:,} rows; 95 % bounds {number(one.low)} and {number(one.high)}"
    if one.verdict == "fail":
        message = f"{seen}, limit {number(one.threshold)}. Look at these rows before you train again."
        return Finding("MCI-GATE-005", "critical", "blocks", f"{name}: {one.metric} is worse", message, place)
    message = f"{seen}. These rows show effects of {number(one.detectable)} with 80 % power: add more of them."
    return Finding("MCI-GATE-006", "medium", undecided, f"{name}: {one.metric} not decided", message, place)


def case_found(case: str) -> Finding:
    """Return the finding that a must-pass case is wrong."""
    return Finding(
        "MCI-GATE-007",
        "critical",
        "blocks",
        f"The must-pass case {case} is wrong",
        "This row must be right whatever the averages say. Train a model that knows it.",
        Location(name=case),
    )


def remarks(*, has_champion: bool, on_estimate: bool) -> list[Finding]:
    """Return what a reader of the verdict must know beside it."""
    found = []
    if not has_champion:
        found.append(
            Finding(
                "MCI-GATE-003",
                "info",
                "informs",
                "First release: nothing to compare with",
                "No champion is released yet, so only rules about the challenger alone were judged.",
            )
        )
    if on_estimate:
        found.append(
            Finding(
                "MCI-GATE-004",
                "low",
                "informs",
                "Judged by the estimates alone",
                "A challenger that is a little worse passes about half of the time. "
                "Set gate.decide_on to interval to be sure.",
            )
        )
    return found


def pickle_found(dangerous: tuple[str, ...], arm: str) -> Finding:
    """Return the finding that a model's files would run code when they are loaded."""
    listed = "; ".join(dangerous[:5])
    return Finding(
        "MCI-GATE-020",
        "critical",
        "blocks",
        f"The {arm} would run code when it is loaded",
        f"{listed}. It was not loaded. Save the model in a format without code (skops, ONNX), or let "
        "`mlops-ci scan` pass exactly it, with every change committed.",
        Location(name=arm),
    )


def number(value: float | None) -> str:
    """Return a number as people read it."""
    return "nothing" if value is None else f"{value:.4g}"
