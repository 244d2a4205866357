"""Renderers are leaves: a StepReport in, text out, one format a file."""
