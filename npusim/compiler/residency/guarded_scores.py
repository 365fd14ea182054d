"""What of guarded scores without a mask crosses DDR although it fits (`scratchpad/guards.py`).

What the guard leaves reaches the product behind it there where keys fill no sixteens (197 as 208, `expand_in1`: 18 of
18 drawn layers of 3 to 12 heads over 50 to 257 rows on NPU 4000 and 5010; of 128 rows it stays).

On NPU 3720 products go head by head (`slice_0` to `slice_11`), and the softmax with them: what it makes is joined in
DDR, where the guard reads it, and what the guard leaves is taken apart there, whatever the keys; scores of uneven keys
are cut out of their padding there too (nine of nine).

IsNaN takes floats of 32 bits (`converted_to_f32`). Where a tile has no room for a head's share of them beside what is
guarded, they are written and read again, and so are the flags: 6 heads of 325 and 577 rows and 16 of 256 on all three,
12 of 197 on NPU 3720 only, 6 of 257 on none."""

from __future__ import annotations

from math import ceil

from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import and_also
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad

#: Shares of the scores that a tile holds as it asks for NaN: two as floats of 32 bits, two for flags, and half of one
#: of the scores that are guarded, in flight.
HELD_SHARES = 4.5
CUT_OUT = "scores through DDR, where they are cut out of their padding for a softmax head by head"
JOINED = "scores through DDR, where their heads are joined for the guard against NaN"
WIDE = "as floats of 32 bits through DDR, since a tile has no room for them beside the scores"
FILLED = "scores through DDR from the guard against NaN, filled up to sixteens of keys or head by head"


def guarded_scores(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """Let a step read from DDR what it reads there."""
    guards, apart = scratchpad.guards, scratchpad.takes_apart
    if not guards.kept:
        return
    name = step.reads[0]
    if step.node.op_type == "Softmax" and guards.scores.get(name) is False and apart:
        _through_ddr(name, CUT_OUT, scratchpad, r)
    elif step.node.op_type == "IsNaN" and name in guards.weights:
        wide = _too_wide(name, scratchpad)
        if apart or wide:
            _through_ddr(name, JOINED, scratchpad, r)
        if wide:
            _as_float32(name, scratchpad, r)
    elif step.node.op_type == "MatMul" and name in guards.kept and (apart or not guards.kept[name]):
        copied = name in step.padded  # the copy that fills it up reads it already
        _through_ddr(name, FILLED, scratchpad, r, loads=not copied)


def _too_wide(name: str, scratchpad: Scratchpad) -> bool:
    """Whether a tile has no room for its heads' scores converted for the question whether they are NaN."""
    heads = scratchpad.guards.heads[name]
    share = scratchpad.sizes[name] * ceil(heads / scratchpad.tiles) / heads
    return HELD_SHARES * share > scratchpad.tile_bytes


def _as_float32(name: str, scratchpad: Scratchpad, r: Residence) -> None:
    """Scores in 32 bits, and flags that would stay, are written and read again."""
    nbytes = scratchpad.sizes[name]
    flags = nbytes / 2 if r.destination == "scratchpad" else 0.0
    r.stores.append((f"{name}/float32", 2 * nbytes + flags))
    r.loads.append((f"{name}/float32", 2 * nbytes + flags, 1))
    r.reason = and_also(r.reason, WIDE)


def _through_ddr(name: str, why: str, scratchpad: Scratchpad, r: Residence, loads: bool = True) -> None:
    holder = scratchpad.holder(name)
    if holder is None:
        return
    scratchpad.write_too(holder, r)
    if loads:
        r.loads.append((f"{holder}/guarded", scratchpad.sizes[holder], 1))
    r.reason = and_also(r.reason, why)
