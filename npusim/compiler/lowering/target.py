"""For what a graph is lowered: an NPU of a generation, and a compiler's rules."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.compiler.rules.profile import CompilerProfile


@dataclass(frozen=True, slots=True)
class Target:
    """`one_dsp`: kernels that run on one DSP in all. `lookup_unit`: the MAC array applies tables as it drains.
    `tiles` of `tile_bytes` of scratchpad each."""

    profile: CompilerProfile
    generation: str
    one_dsp: frozenset[str]
    lookup_unit: bool
    tile_bytes: float
    tiles: int
