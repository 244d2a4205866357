"""How many distinct texts a stream holds, within two percent and in two kilobytes; parts can be joined."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

_LOG_SIZE = 11  # 2 ** 11 registers: relative standard error 1.04 / sqrt(2 ** 11)


def sketched(texts: Iterable[str]) -> str:
    """Return the HyperLogLog sketch of texts, in base64; repetitions and their order do not matter.

    Source: Flajolet et al. (2007), Discrete Mathematics and Theoretical Computer Science, AH:137-156.
    """
    from datasketches import hll_sketch, tgt_hll_type  # type: ignore[import-untyped]  # it publishes none

    sketch = hll_sketch(_LOG_SIZE, tgt_hll_type.HLL_8)
    for text in texts:
        sketch.update(text)
    return _written(sketch)


def joined(sketches: Sequence[str]) -> str:
    """Return the sketch of the texts in any of them.

    Raises:
        ValueError: one is no sketch.
    """
    from datasketches import hll_union, tgt_hll_type

    union = hll_union(_LOG_SIZE)
    for one in sketches:
        union.update(_read(one))
    return _written(union.get_result(tgt_hll_type.HLL_8))


def estimated(sketch: str) -> int:
    """Return about how many distinct texts a sketch has seen."""
    return round(float(_read(sketch).get_estimate()))


def _written(sketch: Any) -> str:  # noqa: ANN401 - untyped library
    return base64.b64encode(sketch.serialize_compact()).decode()


def _read(sketch: str) -> Any:  # noqa: ANN401 - untyped library
    from datasketches import hll_sketch

    try:
        return hll_sketch.deserialize(base64.b64decode(sketch, validate=True))
    except RuntimeError as problem:
        raise ValueError(str(problem)) from problem
