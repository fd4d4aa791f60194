"""The auditor: proves, per topic id and partition, that Kafka = S3 = Snowflake."""
