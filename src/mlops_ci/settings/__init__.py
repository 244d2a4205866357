"""One typed model for each section of `mlops.yaml`, and the cascade that fills it."""
