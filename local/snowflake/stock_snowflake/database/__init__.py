"""DuckDB below fakesnow: the instance, its catalog, the load history, and translated statements."""
