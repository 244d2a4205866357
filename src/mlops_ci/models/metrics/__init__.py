"""Metrics of classification, regression, ranking and text, each with the interval of a paired difference."""
