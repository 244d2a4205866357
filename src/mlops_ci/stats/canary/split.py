"""Evidence that the traffic split is not the one that was set: then nothing about quality can be believed."""

import numpy as np
from scipy.special import betaln

from mlops_ci.stats.canary.paths import Flags, Floats, RunningSum

_CONCENTRATION = 2000.0  # how close to the set share a wrong split is expected, in requests


class SplitEvidence:
    """Evidence against the set share of started requests (or users): e-values, as logarithms.

    The alternative is a beta-binomial law around the set share, begun anew at each step; the e-process of all steps
    together is the product of theirs. Source: Lindon & Malek 2022, "Anytime-valid inference for multinomial count
    data", section 3, for two arms.
    """

    def __init__(self, releases: int = 1) -> None:
        """Begin with no evidence."""
        self._champion, self._challenger = RunningSum(releases), RunningSum(releases)
        self._steps = np.zeros(releases)  # evidence of the steps before
        self._now = np.zeros(releases)

    def observe(self, champion: Floats, challenger: Floats, share: Floats, restart: Flags) -> Floats:
        """Return the log-evidence after each tick, (releases, ticks).

        Args:
            champion: started requests by tick.
            challenger: the same.
            share: the challenger's set share in (0, 1), constant between restarts.
            restart: the ticks with which a step begins.
        """
        mine, theirs = self._challenger.extend(challenger, restart), self._champion.extend(champion, restart)
        first, second = _CONCENTRATION * share, _CONCENTRATION * (1 - share)
        within = betaln(first + mine, second + theirs) - betaln(first, second)
        within -= mine * np.log(share) + theirs * np.log1p(-share)
        ended = np.concatenate([self._now[:, None], within[:, :-1]], axis=1) * restart  # what each restart closes
        found: Floats = within + self._steps[:, None] + np.cumsum(ended, axis=1)
        self._steps, self._now = self._steps + ended.sum(axis=1), within[:, -1]
        return found
