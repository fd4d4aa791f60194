"""The present code on the data that an older commit left: `make upgrade-test FROM=<commit>`."""
