"""Records on disk until Kafka has them."""
