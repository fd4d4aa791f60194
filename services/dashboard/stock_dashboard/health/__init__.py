"""How the pipeline is: its stages, what is wrong with it, and how that is written."""
