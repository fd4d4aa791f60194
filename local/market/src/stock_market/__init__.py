"""A look-alike of the Alpha Vantage API for tests and demonstrations: same requests, same answers, invented market."""
