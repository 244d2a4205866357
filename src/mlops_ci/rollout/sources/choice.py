"""Which source of counts the settings mean."""

from mlops_ci.errors import ProgramFailed
from mlops_ci.ports import Clock
from mlops_ci.rollout.sources.answers import AnswerCounts
from mlops_ci.rollout.sources.bins import Bins, bins_of, kept
from mlops_ci.rollout.sources.joined import Joined
from mlops_ci.rollout.sources.outcomes import Labels, Outcomes, happenings
from mlops_ci.rollout.sources.proxy import ProxyCounts
from mlops_ci.rollout.sources.requests import new_requests
from mlops_ci.rollout.sources.scraped import ScrapedCounts
from mlops_ci.rollout.sources.source import Source
from mlops_ci.rollout.sources.tail import Tail
from mlops_ci.rollout.sources.users import UserCounts
from mlops_ci.settings.canary import AnswerSettings, CanarySettings
from mlops_ci.traffic.engine import Engine

_RECENT = 20_000  # of the champion's answers, from which bins are made


def source_of(settings: CanarySettings, engine: Engine, names: tuple[str, str], clock: Clock) -> Source:
    """Return where the counts of a champion and a challenger come from.

    Where the versions write request logs, their answers are counted, too; but not where users are the unit, for
    several answers to one user are no independent witnesses.
    """
    if settings.sticky:
        return UserCounts(Tail(engine.user_log()), engine.bounds)
    answers = _answers(settings.answers, engine, names, clock)
    if settings.prometheus:
        scraped = ScrapedCounts(names, settings.prometheus, clock)
        return Joined(scraped, answers) if answers and not settings.prometheus.predictions else scraped
    if settings.counts == "requests":
        if answers is None:
            raise ProgramFailed(f"{names[0]} writes no request log, so its requests cannot be counted from it.")
        return answers
    return Joined(ProxyCounts(engine), answers) if answers else ProxyCounts(engine)


def _answers(options: AnswerSettings, engine: Engine, names: tuple[str, str], clock: Clock) -> AnswerCounts | None:
    logs = {name: engine.request_log(name) for name in names}
    if not logs[names[0]].is_file():
        return None
    outcomes = None
    if options.outcomes:
        events = happenings(options.events, options.event_wait)
        outcomes = Outcomes(Tail(options.outcomes), Labels(options.wrong_beyond), events)
    place = logs[names[1]].with_name(f"{names[0]}.{names[1]}.bins")
    bins = kept(place, lambda: _bins(Tail(logs[names[0]]), options.key)) if options.predictions else None
    tails = {name: Tail(path) for name, path in logs.items()}
    return AnswerCounts(tails, options.key, engine.bounds, bins, clock, outcomes, tuple(options.segments))


def _bins(log: Tail, key: str) -> Bins | None:
    answers = [one.answer(key) for one in new_requests(log) if one.output is not None]
    return bins_of(answers[-_RECENT:])
