"""The selftest: every statement of the pipeline, tried in scratch schemas of the user's own account."""
