"""The dashboard: live prices from the topics, history from the warehouse, and how old every number is."""
