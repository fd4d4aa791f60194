"""What the test suites, the benchmarks and the tests of infra share. Nothing of the product imports it."""
