"""What can be seen of a service and of its canary without touching either."""

from typing import Any

from mlops_ci.errors import NothingToJudge
from mlops_ci.rollout.assembly import Assembly
from mlops_ci.rollout.plan import SLOW_RATE, Traffic
from mlops_ci.settings.canary import CanarySettings as Options
from mlops_ci.step import Context
from mlops_ci.steps.canary import assemble
from mlops_ci.tools.git import OriginAway
from mlops_ci.traffic.engine import Engine

_COUNTED = 10.0  # seconds


def traffic(options: Options, context: Context, requests: float | None, error_rate: float | None) -> Traffic:
    """Return what is known of this service's traffic: what is given, the rest off the proxy that runs here.

    Raises:
        NothingToJudge: something is missing, and no proxy runs here.
    """
    if requests is not None and error_rate is not None:
        return Traffic(requests, error_rate)
    engine = assemble(options, context).engine()
    if not engine.proxy_runs():
        missing = "--requests-per-second" if requests is None else "--error-rate"
        raise NothingToJudge(f"No proxy of this model runs here, so nothing can be measured. Say it with {missing}.")
    counts = list(engine.counts().values())
    known, errors = sum(one.requests for one in counts), sum(one.errors for one in counts)
    timed, late = sum(sum(one.latency) for one in counts), engine.bounds.index(options.slow_ms) + 1
    slow_rate = sum(sum(one.latency[late:]) for one in counts) / timed if timed else SLOW_RATE
    rate = errors / max(known, 1) if error_rate is None else error_rate
    return Traffic(_rate(engine, context) if requests is None else requests, rate, slow_rate)


def _rate(engine: Engine, context: Context) -> float:
    """Return the requests a second that come in the next ten seconds; raise NothingToJudge when none does."""
    context.progress.status("counting requests for ten seconds")
    began, before = context.clock.monotonic(), sum(one.requests for one in engine.counts().values())
    context.clock.sleep(_COUNTED)
    came = sum(one.requests for one in engine.counts().values()) - before
    if came <= 0:
        raise NothingToJudge("Not one request came in ten seconds. Say how many come with --requests-per-second.")
    return round(came / (context.clock.monotonic() - began), 2)


def look(options: Options, context: Context) -> dict[str, Any]:
    """Return what is recorded, as the release file has it, what is in force on this machine, and who steers.

    Where origin does not answer, `unread` says why, and only what this machine knows is there.
    """
    parts = assemble(options, context)
    parts.git.demand_origin()
    engine = parts.engine()
    here = {"in_force": engine.weights() if engine.proxy_runs() else {}, "last": parts.journal().last()}
    unknown = {"recorded": "", "challenger": None, "steered": None}
    try:
        return here | unknown | _recorded(parts, context) | {"unread": None}
    except OriginAway as away:
        return here | unknown | {"unread": str(away)}


def _recorded(parts: Assembly, context: Context) -> dict[str, Any]:
    state = parts.branch().read()
    if state.challenger is None:
        return {"recorded": state.to_yaml()}
    steered = parts.parts(context.progress, context.keyring).guard.steered(context.clock.now())
    return {"recorded": state.to_yaml(), "challenger": state.challenger.release.name, "steered": steered}
