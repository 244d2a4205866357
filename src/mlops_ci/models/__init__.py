"""Golden set, predictions, metrics, paired comparison and latency rounds."""
