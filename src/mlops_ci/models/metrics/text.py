"""Metrics of generated text against a reference: exact match, shared words, longest common subsequence."""

import re
from collections import Counter
from collections.abc import Callable

import numpy as np

from mlops_ci.models.metrics.metric import Metric, mean_of
from mlops_ci.models.truth import Predictions, Task, Truth
from mlops_ci.stats.paired import Floats


def words(text: str) -> list[str]:
    """Return a text's words, in lower case and without punctuation."""
    return re.findall(r"\w+", text.lower())


def token_f1(reference: str, answer: str) -> float:
    """Return the harmonic mean of precision and recall over words; 1 when neither has any.

    Source: Rajpurkar et al. (2016), EMNLP, section 6.
    """
    wanted, said = words(reference), words(answer)
    return _harmonic(sum((Counter(wanted) & Counter(said)).values()), len(wanted), len(said))


def rouge_l(reference: str, answer: str) -> float:
    """Return the harmonic mean of precision and recall of the longest common subsequence of words.

    Source: Lin (2004), ACL workshop Text Summarization Branches Out, section 3.
    """
    from rapidfuzz.distance import LCSseq

    wanted, said = words(reference), words(answer)
    return _harmonic(LCSseq.similarity(wanted, said), len(wanted), len(said))


def _harmonic(common: int, wanted: int, said: int) -> float:
    return 2 * common / (wanted + said) if wanted + said else 1.0


def _of_pairs(score: Callable[[str, str], float]) -> Callable[[Truth, Predictions], Floats]:
    return lambda truth, one: np.array([score(a, b) for a, b in zip(truth.labels, one.labels, strict=True)])


def _exact(truth: Truth, one: Predictions) -> Floats:
    return one.right(truth).astype(np.float64)


_TEXT: frozenset[Task] = frozenset({"text"})
METRICS = (
    Metric("exact_match", _TEXT, mean_of(_exact, is_share=True)),
    Metric("token_f1", _TEXT, mean_of(_of_pairs(token_f1))),
    Metric("rouge_l", _TEXT, mean_of(_of_pairs(rouge_l))),
)
