"""One module for each program or service; each returns its own records and knows nothing of the others."""
