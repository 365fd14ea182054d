"""A tensor scaled by numbers that are computed, one a channel: squeeze and excitation, gates.

The pass is a depthwise convolution of one tap, so the numbers become its weights: written to DDR, each beside fifteen
zeros that a copy put there, and loaded as sixteens (Intel's schedules of MobileNet-v3, EfficientNet and ConvNeXt blocks
on all generations, 66 gates of 16 to 1,920 channels: 2 bytes a channel out, a copy of 30, 32 in, 16 of table)."""

from __future__ import annotations

from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.residence import Residence
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.compiler.sharing.gated_wholes import gate_of
from npusim.ops.counting import CHANNEL_BLOCK


def weights_of_gate(step: Placed, scratchpad: Scratchpad, r: Residence, missing: list[str]) -> None:
    """Let the numbers pass through DDR and come back as weights."""
    gate = gate_of(step, scratchpad.sizes)
    if gate is None:
        return
    scratchpad.spill_all([gate], r)
    if gate in missing:
        missing.remove(gate)
    r.loads = [load for load in r.loads if load[0] != gate]
    size = scratchpad.sizes[gate]
    loaded = min(CHANNEL_BLOCK * size, r.fixed_traffic)
    r.fixed_traffic -= loaded  # what is left is its table
    r.copies.append((gate, (CHANNEL_BLOCK - 1) * size))
    r.loads.append((gate, loaded, 1))
