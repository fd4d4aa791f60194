"""Memory that is given back: for the process as a whole, once, before threads start."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

import pyarrow as pa

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # glibc's malloc.h
ARENAS = 2
MMAP_BYTES = 4 * 1024**2
"""Smaller blocks are not given back one by one: a decoded slice's would be, and be zeroed and faulted in anew each time (0.4 s a million records)."""
TRIM_BYTES = 8 * 1024**2


def give_back() -> None:
    """Arrow's own pool and glibc's malloc keep what they once had, and glibc an arena for each thread.

    Measured with a full buffer: a peak of 440 MB as they are, 350 MB with these limits, at the same speed. Where there is no glibc, only
    Arrow's pool is chosen.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            for name, value in ((_ARENA_MAX, ARENAS), (_MMAP_THRESHOLD, MMAP_BYTES), (_TRIM_THRESHOLD, TRIM_BYTES)):
                mallopt(name, value)
