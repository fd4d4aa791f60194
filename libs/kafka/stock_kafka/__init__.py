"""Kafka for the services: client settings, the topic job, topic ids and watermarks, status messages."""
