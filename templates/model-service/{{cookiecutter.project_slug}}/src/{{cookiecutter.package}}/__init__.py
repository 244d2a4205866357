"""From the data to a model that is served."""
