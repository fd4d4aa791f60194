"""A look-alike of the Alpha Vantage API for tests and demonstrations, over an invented market."""
