"""Where random numbers begin: at what the golden rows are, and at nothing else."""

from collections.abc import Sequence
from hashlib import sha256


def seed_of(ids: Sequence[str], labels: Sequence[object]) -> int:
    """Return the seed, 0 … 2**64 - 1, that rows have by their ids and labels; their order does not matter."""
    pairs = sorted(f"{len(one)}:{one}={label}" for one, label in zip(ids, labels, strict=True))
    return int.from_bytes(sha256("\n".join(pairs).encode("utf-8", "surrogatepass")).digest()[:8], "big")
