"""What the engines are called: our names, Intel's in its profiles and traces, and the page's short ones."""

from __future__ import annotations

import re
from collections.abc import Iterable

# How well a number is known, the best first.
SOURCES = ("measured", "fitted", "published", "compiler", "assumed", "unknown")

#: What takes time: the engines, and the dispatch of the MAC array's compute steps.
ENGINES = ("mac_array", "dsp", "dma", "step")
INTEL_NAMES = {"mac_array": "DPU", "dsp": "Shave", "dma": "DMA", "extra": "Extra"}
MEMORIES = {"ddr": "DDR", "scratchpad": "CMX", "store": "store"}  # Intel's names, and one it has not
SHORT_NAMES = {"mac_array": "MAC", "dsp": "DSP", "dma": "DMA", "step": "step", "extra": "extra", "none": "-"}

#: How names end of steps that no file has: the compiler adds them at the tensor whose name stands in front.
_ADDED = re.compile(r"/(layout|padded|turned|fp16|copy|\d+(x\d+)+)$")


def added_note(names: Iterable[str]) -> str:
    """One sentence on names that no file has, where some of these are such; else empty."""
    ends = dict.fromkeys(found[0] for found in map(_ADDED.search, names) if found)
    if not ends:
        return ""
    return f"names that end in {', '.join(ends)} are of steps that the compiler adds at the tensor named in front"


def kind(engine: str) -> str:
    """The kind of engine, without the number of the port: 'dma1' -> 'dma'."""
    return engine.rstrip("0123456789")


def port(engine: str) -> int:
    """The number of the port: 'dma1' -> 1; an engine without a number is port 0."""
    return int(engine[len(kind(engine)) :] or 0)
