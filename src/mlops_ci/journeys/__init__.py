"""Several steps in a row."""
