"""Digests of what was judged, and sealed statements that bind a verdict to exactly those digests."""

from mlops_ci.evidence.digests import digest_bytes, digest_file, digest_files, digest_model, is_model
from mlops_ci.evidence.envelopes import Unproven, open_, seal, seal_report
from mlops_ci.evidence.statements import (
    find_fault,
    find_override_fault,
    state_about,
    state_override,
    statement_from,
    to_bytes,
)

__all__ = [
    "Unproven",
    "digest_bytes",
    "digest_file",
    "digest_files",
    "digest_model",
    "find_fault",
    "find_override_fault",
    "is_model",
    "open_",
    "seal",
    "seal_report",
    "state_about",
    "state_override",
    "statement_from",
    "to_bytes",
]
