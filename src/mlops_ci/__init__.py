"""Merge gates, canaries and automated rollback for machine-learning repositories."""

__version__ = "0.1.0"
