"""Says whether a flight out of New York will arrive 15 or more minutes late."""
