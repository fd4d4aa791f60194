"""What the warehouse holds: its queries, and their results in memory."""
