"""Reads the stages: Kafka, S3 and Snowflake."""
