"""Benchmarks of the pipeline. Each `bench_*` module is a command: `python -m benchmarks.bench_sink -h`."""
