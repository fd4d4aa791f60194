"""The HTTP side: routes, the connector's JSON, start and stop."""
