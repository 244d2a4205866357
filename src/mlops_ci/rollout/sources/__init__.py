"""Where the counts of both versions come from: each source tells integers that only rise, or raises ProgramFailed."""
