"""What made a model, and what is known of it."""
