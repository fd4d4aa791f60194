"""A history of a million objects without a million objects, and one cycle of each service over it."""
