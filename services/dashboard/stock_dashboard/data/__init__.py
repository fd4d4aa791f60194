"""What the pages show, from the topics and from the warehouse together."""
