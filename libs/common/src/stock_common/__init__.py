"""What the services agree on: records, topics, object keys, links, settings, logs, status messages, metrics and the run loop."""
