"""The command `backfill`: history into the outbox, and on to Kafka."""
