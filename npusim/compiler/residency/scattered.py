"""Tensors that leave the scratchpads though they fit, because there is no room in one place beside them."""

from __future__ import annotations

from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import and_also, through_ddr_because
from npusim.compiler.residency.follow import saved_in_place
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import IMAGE
from npusim.compiler.sharing.gated_wholes import gate_of
from npusim.work import MacWork

# Of all scratchpads: the input and the result of a kernel, and both together.
LARGE_SHARE, MOST_SHARE = 0.28, 0.62
REFILLED = "input through DDR: its channels fill no sixteens, and only one of its two sides pads them"
POOLED = through_ddr_because("input", "made over rows of a folded image, pooled over channels")
UNEVEN_LINES = through_ddr_because("input", "a window sees a line of one column, one tap one of several")
SCALED_LINES = through_ddr_because("input", "a window sees a line of one column, a scale one of several")
UNEVEN_SUMS = through_ddr_because("input", "a sum of uneven channels is shared over the tiles by other rows")
MASKED_SCORES = through_ddr_because("input", "its tiles have no whole heads where a mask is added")
NO_ROOM = "no room in one place for the result: tensors beside it leave for DDR"


def cross_scattered(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """A large input of a DSP kernel that was made of little is written and read back, so that the large result gets
    room in one place (5 of 7 in Intel's schedules of MobileNets, EfficientNets, ConvNeXt on NPU 3720 and 4000;
    windows beside a skip do so on NPU 5010 in about half of 15 cases, which no size tells apart: left to
    `leave_for_room`)."""
    if not scratchpad.in_one_place or scratchpad.made_of_little.isdisjoint(step.reads):
        return
    room = scratchpad.tiles * scratchpad.tile_bytes
    reads, writes = (sum(scratchpad.sizes[n] for n in names) for names in (step.reads, step.writes))
    if min(reads, writes) < LARGE_SHARE * room or reads + writes < MOST_SHARE * room:
        return
    if step.engine != "dsp" or isinstance(step.only, MacWork) or len(step.reads) > 1:
        return
    if scratchpad.sharing_of(step.reads[0]) != IMAGE:
        return
    if scratchpad.spill_all(step.reads, r):
        r.reason = "input through DDR and back: no room in one place for the result beside it"


def leave_for_room(k: int, step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """What lies where is followed by address, and what finds no gap makes others leave though they fit by their bytes
    (npusim.compiler.scratchpad.addresses; `spill_write` and `spill_read` in Intel's schedules: 48 % of the bytes of
    MobileNet-v2 at 160 pixels on NPU 4000, 56 % of a Res2Net's on 5010, 25 % of a squeezed ResNet's). Where all is more
    than fits, what is needed last makes room, and the rest is put in places all the same."""
    places = scratchpad.addresses
    for name in step.reads:
        if name in scratchpad.pooled_stems and scratchpad.holder(name):
            scratchpad.spill(name, r)
            r.reason = and_also(r.reason, NO_ROOM)
    if places is None or not scratchpad.opened.isdisjoint(scratchpad.inside):
        return
    sizes, share = scratchpad.sizes, scratchpad.memory.resident_share
    if not scratchpad.gated_in_pieces.isdisjoint(step.reads) and gate_of(step, sizes) is not None:
        scratchpad.spill_all([n for n in step.reads if n in scratchpad.gated_in_pieces], r)
    places.settle(k, scratchpad.inside)
    holders = dict.fromkeys(h for n in step.reads if (h := scratchpad.holder(n)) is not None)
    own = places.on_tile(sizes, holders)
    new = [n for n in step.reads if scratchpad.holder(n) is None]
    apart = not places.gated.isdisjoint(step.reads)  # what is scaled is a share of what lies whole
    if apart or not saved_in_place(k, step, scratchpad):
        new += [n for n in step.writes if not scratchpad.dead_after(n, k)]
    elif over := [h for h in holders if sizes[h] == sizes[step.writes[0]] and scratchpad.dead_after(h, k)]:
        places.take_over(step.writes[0], over[0])
    found = places.on_tile(sizes, new)
    others = [n for n in scratchpad.inside if n not in holders]
    together = sum(size for _, size in (*found, *own))
    beside_skip = others and scratchpad.generation in scratchpad.memory.windows_held_whole
    whole = beside_skip or scratchpad.whole.fits(step, scratchpad.tiles)
    gated = not places.gated.isdisjoint((*new, *holders))
    if apart and together > places.room and gate_of(step, sizes) is not None:
        scratchpad.spill_all([n for n in step.reads if n in places.gated], r)
        r.reason = and_also(r.reason, NO_ROOM)
        return
    if together > places.room * (1.0 if whole or gated else share):
        return  # cut in pieces
    others.sort(key=lambda n: -scratchpad.next_use(n, k))
    waiting = len(others)
    while together + sum(size for _, size in places.on_tile(sizes, others)) > places.room:
        scratchpad.spill(others.pop(0), r)
        r.reason = and_also(r.reason, NO_ROOM)
    if len(others) < waiting:
        places.settle(k, scratchpad.inside)
    if gone := places.must_leave(k, found, own, others):
        for name in gone:
            scratchpad.spill(name, r)
        scratchpad.made_room.update(gone)
        r.reason = and_also(r.reason, NO_ROOM)


def cross_refilled(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """Spill what lies with its channels' padding and is read without, or the other way (folded_columns), and what a
    pooling over channels reads of a folded image's rows (pooled_images)."""
    crossing, why = scratchpad.folds.crossing, REFILLED
    names = [n for n in step.reads if (n, step.writes[0]) in crossing] if crossing and step.writes else []
    if not names and not scratchpad.pooled.isdisjoint(step.reads):
        names, why = [n for n in step.reads if n in scratchpad.pooled], POOLED
    if not names and scratchpad.crossing and step.writes:
        names = [n for n in step.reads if (n, step.writes[0]) in scratchpad.crossing]
        why = scratchpad.crossing[names[0], step.writes[0]] if names else why
    if scratchpad.spill_all(names, r):
        r.reason = and_also(r.reason, why)
