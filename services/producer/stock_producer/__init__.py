"""Fetches quotes from a source within its limits and the exchanges' hours, and sends them to Kafka."""
