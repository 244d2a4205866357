"""From the settings' words to what the judge decides by."""

from mlops_ci.rollout.judge import Policy
from mlops_ci.rollout.replay import Timing
from mlops_ci.settings.canary import CanarySettings


def policy_of(settings: CanarySettings) -> Policy:
    """Return by what a canary with these settings is judged."""
    return Policy(
        alpha=settings.alpha,
        beta=settings.beta,
        latency_margin=settings.latency_margin,
        latency_floor=settings.latency_floor_ms,
        slow=settings.slow_ms,
        predictions_within=settings.answers.within,
    )


def timing_of(settings: CanarySettings) -> Timing:
    """Return when a canary's ticks count by these settings."""
    return Timing(tuple(settings.steps), settings.warm_up)
