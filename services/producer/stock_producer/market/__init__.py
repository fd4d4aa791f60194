"""The hours of the exchanges."""
