"""Alpha Vantage: its API, plans, refusals and settings."""
