"""Starts and stops the whole pipeline without Docker, for `make demo`, tests and benchmarks."""
