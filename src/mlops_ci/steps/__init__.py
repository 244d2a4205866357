"""One module for each step: identity, options, a pure judgement, a run that gathers facts."""
