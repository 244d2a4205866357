"""The desired state of each environment, on its own branch of the ML repository."""
