"""Weights stored without their zeros come again for every strip of a plane, as Intel's compiler 8.4 has it.

What lies in memory for such a convolution is one constant of weights, map of zeros and table. The table points at
weights, so every strip has one of its own; plain weights come once and only the table (16 bytes a channel) for each
strip, compressed ones come with it (`slice_N/fused_constant` in its schedules: 249,600 bytes of 208 x 208 x 3 x 3 for
each of 11 strips of RLFN, 73,728 and then 1,024 a strip of 64 x 64 x 3 x 3 of CARN). Of 330 convolutions over folded
columns or enlarged images in three strips and more, 44 networks and graphs made for it on three NPUs, 310 come so; the
others hold a pass that turns the image."""

from __future__ import annotations

from math import ceil

from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.residence import Residence
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.work import MacOp, MacWork

DILATED = ("dilated", "dilated_15")  # windows spread out with zeros: cut over channels


def fetched_again(step: Placed, r: Residence, alone: Scratchpad | None) -> None:
    """Count a convolution's compressed weights once a strip of rows or columns. `alone`: of one that is cut by itself,
    as many strips as two of must fit (here it is cut in more where these take less time)."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION or work.weight_groups <= 1:
        return
    if r.blocks.channels * r.blocks.terms > 1 or step.lowering in DILATED:
        return
    strips = r.blocks.rows * r.blocks.columns
    if alone is not None:
        room = alone.pipelined_bytes - min(step.fixed_bytes * alone.tiles, alone.pipelined_bytes / 2)
        strips = min(strips, ceil(2 * sum([alone.sizes[n] for n in (*step.reads, *step.writes)]) / room))
    if strips > 1 and strips * step.fixed_bytes > r.fixed_traffic:
        r.fixed_traffic, r.weights_until = strips * step.fixed_bytes, 1 - 1 / strips
