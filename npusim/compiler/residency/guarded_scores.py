"""What of guarded scores without a mask crosses DDR although it fits (`scratchpad/guards.py`).

What the guard leaves reaches the product behind it there where keys fill no sixteens (197 as 208, `expand_in1`: 18 of
18 drawn layers of 3 to 12 heads over 50 to 257 rows on NPU 4000 and 5010; of 128 rows it stays).

On NPU 3720 products go head by head (`slice_0` to `slice_11`), and the softmax with them: what it makes is joined in
DDR, where the guard reads it, and what the guard leaves is taken apart there, whatever the keys; scores of uneven keys
are cut out of their padding there too (nine of nine)."""

from __future__ import annotations

from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import and_also
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad

CUT_OUT = "scores through DDR, where they are cut out of their padding for a softmax head by head"
JOINED = "scores through DDR, where their heads are joined for the guard against NaN"
FILLED = "scores through DDR from the guard against NaN, filled up to sixteens of keys or head by head"


def guarded_scores(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """Let a step read from DDR what it reads there."""
    guards, apart = scratchpad.guards, scratchpad.takes_apart
    if not guards.kept:
        return
    name = step.reads[0]
    if step.node.op_type == "Softmax" and guards.scores.get(name) is False and apart:
        _through_ddr(name, CUT_OUT, scratchpad, r)
    elif step.node.op_type == "IsNaN" and name in guards.weights and apart:
        _through_ddr(name, JOINED, scratchpad, r)
    elif step.node.op_type == "MatMul" and name in guards.kept and (apart or not guards.kept[name]):
        copied = name in step.padded  # the copy that fills it up reads it already
        _through_ddr(name, FILLED, scratchpad, r, loads=not copied)


def _through_ddr(name: str, why: str, scratchpad: Scratchpad, r: Residence, loads: bool = True) -> None:
    holder = scratchpad.holder(name)
    if holder is None:
        return
    scratchpad.write_too(holder, r)
    if loads:
        r.loads.append((f"{holder}/guarded", scratchpad.sizes[holder], 1))
    r.reason = and_also(r.reason, why)
