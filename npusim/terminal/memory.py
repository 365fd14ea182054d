"""Sizes of memory as people write them, and how much of it a sweep takes."""

from __future__ import annotations

import os
import re

from npusim.errors import BadArgument

_FACTORS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
            "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}  # fmt: skip


def parse_memory(text: str | int | float) -> int:
    """'2GB', '512 MiB' or bytes. Raises BadArgument."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(text))
    if not found or found[2].upper() not in _FACTORS:
        raise BadArgument(f"memory '{text}' is no size; write for example 512MB or 2GB")
    size = int(float(found[1]) * _FACTORS[found[2].upper()])
    if size < 1:
        raise BadArgument(f"memory '{text}' is nothing; write for example 512MB or 2GB")
    return size


def readable(size: float) -> str:
    """'1.5 GB'."""
    for name in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {name}"
        size /= 1000
    return f"{size:.3g} TB"


def own_memory() -> int:
    """Bytes this process holds now; a usual size where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return 200 * 10**6
