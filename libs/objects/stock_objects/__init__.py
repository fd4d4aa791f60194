"""The object store of the services: an S3 adapter with conditional puts, and the reading of chains."""
