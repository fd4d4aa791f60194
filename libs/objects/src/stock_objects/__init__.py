"""The object store for the services: one S3 adapter with conditional puts, and reading of chains."""
