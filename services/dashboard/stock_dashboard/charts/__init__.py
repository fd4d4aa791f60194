"""Charts of bars, from numbers to figures."""
