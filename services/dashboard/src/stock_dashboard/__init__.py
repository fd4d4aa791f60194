"""The dashboard: live prices from the topics themselves, history from the warehouse, and how old every number is."""
