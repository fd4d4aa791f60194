"""The alert rules.

Each module has one rule: its fields in ALERTS_FILE, its state, and how it judges a quote.
"""
