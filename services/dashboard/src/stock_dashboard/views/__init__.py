"""The pages, one module each. A page draws; what it shows is made by pure modules."""
