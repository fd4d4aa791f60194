"""Sessions: their parameters, their statements one at a time, and the register of all of them."""
