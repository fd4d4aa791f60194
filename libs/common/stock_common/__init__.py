"""What the services agree on: the contract of the data, the domain's tables, and the shell of a process."""
