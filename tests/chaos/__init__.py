"""Random faults on every part of the running pipeline, then the proof that nothing is missing or doubled."""
