"""Starts and stops the whole pipeline without Docker: for `make demo`, the integration tests, chaos tests and benchmarks."""
