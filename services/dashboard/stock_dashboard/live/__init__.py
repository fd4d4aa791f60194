"""What the Kafka topics hold now: the reader, and what it keeps in memory."""
