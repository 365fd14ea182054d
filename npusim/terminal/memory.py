"""Sizes of memory as people write them, and how much of it a sweep takes."""

from __future__ import annotations

import os

from npusim.errors import BadArgument
from npusim_xamba import memory


def parse_memory(text: str | int | float) -> int:
    """'2GB', '512 MiB' or bytes. Raises BadArgument."""
    try:
        return memory.parse_memory(text)
    except ValueError as error:
        raise BadArgument(str(error)) from None


def readable(size: float) -> str:
    """'1.5GB', by pydantic's `ByteSize`."""
    from pydantic import ByteSize

    return ByteSize(max(0, round(size))).human_readable(decimal=True)


def own_memory() -> int:
    """Bytes this process holds now; a usual size where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return 200 * 10**6


def free_memory() -> int | None:
    """Bytes the system could still give without swapping; None where it does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
