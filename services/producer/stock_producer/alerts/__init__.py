"""The alert rules and where their alerts go."""
