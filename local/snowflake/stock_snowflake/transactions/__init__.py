"""Snowflake's transaction rules: one session's transaction, and table locks between sessions."""
