"""Every step of the pipeline by name: strings only, so that reading the list imports nothing."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One step: a command, an action, a section of the settings and a docs page share its name."""

    name: str
    summary: str
    module: str
    section: str
    extra: str


STEPS = {
    entry.name: entry
    for entry in (
        Entry(
            "validate-data",
            "Judge a data set against its contract, a Great Expectations suite.",
            "mlops_ci.steps.validate_data",
            "data",
            "data",
        ),
        Entry(
            "gate-model",
            "Judge a challenger against the champion on the golden set.",
            "mlops_ci.steps.gate_model",
            "gate",
            "gate",
        ),
        Entry(
            "scan",
            "Scan code, dependencies, secrets, image, infrastructure, workflows, models and data.",
            "mlops_ci.steps.scan",
            "scan",
            "scan",
        ),
        Entry(
            "register-model",
            "Register a model that passed its gate, with commit, data and evidence.",
            "mlops_ci.steps.register_model",
            "register",
            "register",
        ),
        Entry(
            "canary",
            "Move traffic to a registered version step by step; promote it or roll it back.",
            "mlops_ci.steps.canary",
            "canary",
            "canary",
        ),
        Entry(
            "rollback",
            "Return all traffic to the last good release and record it.",
            "mlops_ci.steps.rollback",
            "canary",
            "canary",
        ),
    )
}
