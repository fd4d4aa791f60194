"""Compares what the stages hold, offset by offset. Nothing here reads or writes."""
