"""The pages, one module each, and what they share. A page draws what the pure modules have made."""
