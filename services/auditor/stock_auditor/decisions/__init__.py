"""What operators decided, as records of the topic `stock-decisions`."""
