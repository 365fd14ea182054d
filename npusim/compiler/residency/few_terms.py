"""Batches of products of few terms or columns: outer products of a recurrence (NPU 4000, 5010; 2026-as-released).

Intel's schedules of RWKV-6, RWKV-7, gated delta nets and gated linear attention, 4 to 16 heads of 64 to 192: an operand
of fewer than sixteen terms is filled up by a convolution (`expand_in1`, `expand_in2_ic`: 16 channels to 256, most
weights zeros) through DDR, unless another batch of products made it; one of fewer than sixteen columns by copies
(`expand_in2_oc`). A state of a scan that is such a product's left side is read from DDR, and stays for sums. Sixteen
terms would be cheaper than eight so, which the laws of size forbid elsewhere."""

from __future__ import annotations

from npusim.compiler.lowering.lowered import batch_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.ops.counting import CHANNEL_BLOCK, TABLE_BYTES
from npusim.work import MacWork

EXPANDED = CHANNEL_BLOCK**2  # channels of the convolution that fills up
CONSTANTS = EXPANDED * (CHANNEL_BLOCK * 2 + TABLE_BYTES)  # its weights in fp16, and their table


def few_terms(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """What crosses DDR to fill up the operands, and to read a state again."""
    work = _one_kernel(step, scratchpad)
    if work is None:
        return
    sides = zip(step.reads, (work.out_h * work.out_w, work.out_c), strict=False)
    for name, width in sides:
        if work.in_c < CHANNEL_BLOCK and not scratchpad.by_batch.issuperset(scratchpad.wholes(name)):
            filled = work.groups * width * CHANNEL_BLOCK * work.input_bytes
            r.stores.append((f"{name}/filled", float(filled)))
            r.loads.append((f"{name}/filled", float(filled + CONSTANTS), 1))
    if work.out_c < CHANNEL_BLOCK:
        zeros = work.groups * work.in_c * (CHANNEL_BLOCK - work.out_c) * work.weight_bytes
        r.loads.append((f"{step.node.name}/filled", float(zeros), 1))
        holder = scratchpad.holder(step.reads[0])
        if holder is not None and holder in scratchpad.staying:
            scratchpad.write_too(holder, r)
            r.loads.append((f"{holder}/again", scratchpad.sizes[holder], 1))


def _one_kernel(step: Placed, scratchpad: Scratchpad) -> MacWork | None:
    plain = len(step.steps) == 1 and not step.fixed_bytes and step.node.op_type == "MatMul"
    work = batch_of(step.steps) if plain else None
    here = scratchpad.as_scheduled and not scratchpad.takes_apart and len(step.reads) == 2
    return work if here else None
