"""Sizes of memory as people write them, and how much of it a sweep takes."""

from __future__ import annotations

import os

from npusim.errors import BadArgument


def parse_memory(text: str | int | float) -> int:
    """'2GB', '512 MiB' or bytes, by pydantic's `ByteSize`. Raises BadArgument."""
    from pydantic import ByteSize, TypeAdapter, ValidationError

    try:
        size = TypeAdapter(ByteSize).validate_python(str(text).strip().replace(" ", ""))
    except ValidationError:
        raise BadArgument(f"memory '{text}' is no size; write for example 512MB or 2GB") from None
    if size < 1:
        raise BadArgument(f"memory '{text}' is nothing; write for example 512MB or 2GB")
    return int(size)


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
