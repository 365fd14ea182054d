"""A product or convolution that is cut in blocks: what it moves, and the blocks."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.compiler.cutting.split import Blocks

CHUNK_BYTES = 262_144  # Intel's schedules fetch weights in pieces of about 200 KB
MOST_SUM_PIECES = 8  # sums of parts of the terms are few large passes
#: What a generation does about blocks along two axes: of products, and of convolutions of images.
WAIT, AVOID, ONE, WHOLE = "wait", "avoid", "one", "whole terms"


@dataclass(frozen=True, slots=True)
class Operands:
    """Bytes of a product: `left` (pixels), `right` (weights, or the second activation), `out`.

    `left_stays`, `out_stays`: it lies in the scratchpads from before, or remains there afterwards."""

    left: float
    right: float
    out: float
    left_stays: bool = False
    out_stays: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """Blocks that fit. `left_reads`, `right_reads`: how many times each operand crosses from DDR in all.
    `left_blocks`: in how many blocks the left operand arrives. `partial_bytes`: sums of parts of the terms, written
    to DDR and read back. `cost`: what the rule compared. `overlaps`: two pieces fit, so that transfers run beside the
    compute; else piece after piece waits for its own."""

    blocks: Blocks
    left_reads: float
    right_reads: float
    left_blocks: int
    right_blocks: int
    partial_bytes: float
    cost: float
    overlaps: bool = True
