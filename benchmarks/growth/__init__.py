"""Cycles of each service over a history of a million objects that a fake S3 server computes."""
