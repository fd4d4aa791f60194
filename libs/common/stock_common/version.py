"""The version of the product: one number for the libraries, the services and their images."""

from __future__ import annotations

__version__ = "1.0.0"
