"""Repairs: the commands that load, rebuild or remove again what is in the warehouse."""
