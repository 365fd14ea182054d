"""Channels of zeros put behind an image's own: a Pad over channels, or a Concat with a constant.

What Intel's compiler does in its schedules of residual networks whose shortcuts have fewer channels than the branch
(BlazeFace at 128 pixels, seven nets of 16 to 256 channels at 32 to 96 pixels written with Pad or Concat, on NPU 3720,
4000 and 5010): an image that nobody else reads is written where the whole lies, and the zeros alone are loaded (30 of
33). One that others read too stays for them; it is written to DDR as well, zeros are copied beside it there, and the
addition loads the whole (`padded_channels_in_ddr`: 40 of 42 on 4000 and 5010). On NPU 3720 a pooling of one tap copies
it, as the parts of any Concat, and the zeros are loaded (6 of 6).

An addition of such a whole that makes channels which are no whole sixteens, and which others read beside the next Pad,
goes through DDR to all of these, written two or three times and read as often (21 of 21 on all NPUs; `as_scheduled`
alone: 28 channels cost more than 32 so)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

from npusim.compiler.layouts.images import is_image
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.apart import stays_apart
from npusim.compiler.residency.copied_parts import COPY, copy_of
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MoveWork

LOADED = "zeros_loaded"  # beside an image that is written where the whole lies
JOINED = "zeros_beside_in_ddr"  # the image is written there, too
APART = "uneven_zeros_in_ddr"  # and all who read it get it from there
COPIES = 3  # of an uneven source: 2.8 to 3.6 of BlazeFace at 32 x 32 and of a net of 40 channels there
FILLED = (LOADED, JOINED, APART)
WHY = {
    LOADED: "channels of a constant are loaded beside those that are written where the whole lies",
    JOINED: "channels of a constant are put in DDR beside an image that others read too",
    APART: "channels of a constant are put in DDR beside channels that fill no sixteens, copied without their padding",
}


def with_channels(
    placed: list[Placed],
    values: dict[str, Value],
    sizes: dict[str, float],
    keep: Set[str],
    in_ddr: bool,
    as_scheduled: bool,
) -> list[Placed]:
    """The steps, with what each Pad of channels moves. `keep`: inputs and outputs of the graph; `in_ddr`: what others
    read too is put together in DDR on this generation. Copies are added to `values` and `sizes` (bytes)."""
    if not any(_adds_channels(s, values) for s in placed):
        return placed
    reads = Counter(n for s in placed for n in dict.fromkeys(s.reads))
    made = {n for s in placed for n in s.writes} - keep
    steps: list[Placed] = []
    wholes: set[str] = set()
    added: set[str] = set()  # what was made of these
    for step in placed:
        if not wholes.isdisjoint(step.reads):
            added.update(step.writes)
        if _adds_channels(step, values) and step.reads[0] in made and keep.isdisjoint(step.writes):
            source, out = step.reads[0], step.writes[0]
            uneven = as_scheduled and values[source].shape[1] % CHANNEL_BLOCK > 0
            narrow = as_scheduled and values[out].shape[1] % CHANNEL_BLOCK > 0
            way, moved = LOADED, sizes[out] - sizes[source]
            if reads[source] < 2:
                moved = sizes[out] if uneven else moved
            elif uneven and source in added:
                way, moved = APART, sizes[out] + COPIES * sizes[source]
            elif in_ddr or narrow:
                way = JOINED
            else:
                copied = f"{source}{COPY}/{step.node.name}"
                steps.append(copy_of(source, copied, values, sizes))
                step = step._replace(reads=(copied,))
            wholes.add(out)
            step = step._replace(
                engine="dma", lowering=way, steps=(MoveWork(moved, "ddr", "scratchpad"),), reason=WHY[way]
            )
        steps.append(step)
    return steps


def _adds_channels(step: Placed, values: dict[str, Value]) -> bool:
    """Whether a step puts constant channels behind those of one image."""
    if step.node.op_type not in ("Pad", "Concat") or len(step.reads) != 1 or len(step.writes) != 1:
        return False
    if step.engine not in ("dma", "none") or len(step.steps) > 1:
        return False
    before, after = values[step.reads[0]], values[step.writes[0]]
    if step.node.op_type == "Concat" and sum(not values[n].constant for n in step.node.inputs if n) != 1:
        return False
    same = before.shape[:1] == after.shape[:1] and before.shape[2:] == after.shape[2:]
    return is_image(before) and is_image(after) and same and after.shape[1] > before.shape[1]


def filled(k: int, step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """Where such a step leaves its result: inside, where the image is and the whole fits; else in DDR."""
    source, whole = step.reads[0], scratchpad.sizes[step.writes[0]]
    holder = scratchpad.holder(source)
    r.source = "ddr"
    scratchpad.make_room(k, step, r, whole + scratchpad.bytes_of(step.reads))
    held = whole + scratchpad.used_bytes
    inside = step.lowering == LOADED and holder is not None and held <= scratchpad.resident_bytes
    r.destination = "scratchpad" if inside else "ddr"
    if not inside:
        stays_apart(step, scratchpad, r)
    if holder is not None and step.lowering == APART:
        scratchpad.spill(holder, r)
    elif holder is not None and not inside:
        scratchpad.write_too(holder, r)
    r.held_bytes = min(held, scratchpad.resident_bytes)
