"""A Kafka cluster in memory for unit tests: a broker, and clients with confluent_kafka's methods."""
