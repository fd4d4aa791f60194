"""DDL that needs more than a translation."""
