"""Snowflake for the services: settings, one session with transactions, and errors by kind."""
