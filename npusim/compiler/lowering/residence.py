"""What one step does with memory: loads, spills, results, pieces."""

from __future__ import annotations

from dataclasses import dataclass, field

from npusim.compiler.cutting.split import UNCUT, Blocks

Moved = tuple[str, float]  # tensor, bytes
Arriving = tuple[str, float, int]  # tensor, bytes (read again counts again), in how many blocks


@dataclass(slots=True, repr=False, eq=False)
class Residence:
    """What one step does with memory. Bytes are of whole tensors, over all tiles.

    `blocks`: how its first work is cut in time; `pieces`: in how many pieces all of its tasks run.
    `weights_until`: the share of its compute by which all its weights must have begun to arrive. `overlaps`:
    transfers run beside the compute; else pieces wait for theirs."""

    loads: list[Arriving] = field(default_factory=list)
    stores: list[Moved] = field(default_factory=list)  # spills of tensors that make room
    writes: list[Moved] = field(default_factory=list)  # its own outputs, to DDR
    copies: list[Moved] = field(default_factory=list)  # from DDR to DDR, by a step without a task of its own
    blocks: Blocks = UNCUT
    pieces: int = 1
    partial_bytes: float = 0.0  # results of parts, of the terms or of its passes, written and read back
    apart_bytes: float = 0.0  # parts of its result, written as they are made and read back when all are
    hands_on_bytes: float = 0.0  # room for what a pass hands on to the next, which so takes fewer pieces
    fixed_traffic: float = 0.0  # bytes of constants fetched, re-reads included
    again_bytes: float = 0.0  # of them: what time steps read and write besides the weights, which cross once
    steps_wait: bool = False  # time steps of a recurrence wait for what they move to DDR and back
    weights_held: float = 0.0  # bytes of constants in the scratchpads while it runs
    weights_until: float = 0.0
    overlaps: bool = True
    streams: bool = False  # not cut, but its transfers run beside it chunk by chunk
    follows: frozenset[str] = frozenset()  # inputs that come piece by piece from the step before
    by_channels: bool = False  # no tile has room for a piece's weights whole: the tiles share its channels
    # 'first', 'inner', 'last' of steps that a plane passes in strips (npusim.compiler.planes.planes)
    part: str = ""
    by_image: bool = False  # of steps that take images of a batch one by one
    again: float = 1.0  # what it computes over what it has, where strips overlap
    held_bytes: float = 0.0  # activations in the scratchpad while it runs
    reason: str = ""
    source: str = "scratchpad"  # where its first input is (for pure moves)
    destination: str = "scratchpad"  # or 'ddr', or 'next': handed to the next step piece by piece
