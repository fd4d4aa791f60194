"""The service's README."""

from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text()
