"""Where the results of steps live that compute nothing: pure transfers, and tensors that lie where their parts do."""

from __future__ import annotations

from collections.abc import Sequence, Set

from npusim.compiler.layouts.batch_sums import BATCH_FILLED
from npusim.compiler.lowering.head_cuts import GATHERED
from npusim.compiler.lowering.moved_inside import LARGER, SPREAD
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.apart import stays_apart, with_the_others
from npusim.compiler.residency.follow import follow
from npusim.compiler.residency.joined import (
    copied_in_ddr,
    is_small,
    joined_beside_reader,
    joined_in_ddr,
    parts_through_ddr,
    shared_parts,
)
from npusim.compiler.residency.padded_channels import FILLED, filled
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import COPIED, PARTS

THROUGH_DDR = "input through DDR, its pixels put between zeros there or in one tile"
#: Within the DDR, of what goes into calls of one image or comes out of them.
BETWEEN_CALLS = "copied_between_calls"


def moved(k: int, step: Placed, scratchpad: Scratchpad, r: Residence, outputs: Set[str]) -> None:
    """A pure transfer reads where its input is and writes where its output may stay."""
    if step.lowering in FILLED:
        filled(k, step, scratchpad, r)
        return
    if step.lowering == BATCH_FILLED:
        scratchpad.spill_all(step.reads, r)
    if step.lowering == SPREAD and scratchpad.spill_all(step.reads, r):
        r.reason = THROUGH_DDR
    inside = step.reads and all(scratchpad.holder(n) is not None for n in step.reads)
    r.source = "scratchpad" if inside else "ddr"
    writes = sum(scratchpad.sizes[n] for n in step.writes)
    scratchpad.make_room(k, step, r, writes + scratchpad.bytes_of(step.reads))
    held = writes + scratchpad.used_bytes
    r.destination = "scratchpad" if held <= scratchpad.resident_bytes else "ddr"
    leaves = all(n in outputs and scratchpad.dead_after(n, k) for n in step.writes)
    if step.lowering in (BETWEEN_CALLS, GATHERED, BATCH_FILLED):
        r.source = r.destination = "ddr"
    elif step.lowering in (*LARGER, SPREAD):
        r.destination = "ddr"  # of LARGER the maker writes columns several times, rows are copied there
    elif step.sharing in (COPIED, PARTS):
        r.destination = "ddr" if step.sharing == PARTS or leaves else r.destination
    # An operand written out stays beside the other and the result, which is written over one of them.
    elif step.node.op_type == "Broadcast":
        r.destination = "scratchpad" if held + writes <= scratchpad.resident_bytes else "ddr"
    elif leaves:
        r.destination = "ddr"
    elif r.source == "ddr" and r.destination == "scratchpad":
        r.destination = follow(step, scratchpad, list(step.reads))
        stays_apart(step, scratchpad, r)
    r.held_bytes = min(held, scratchpad.resident_bytes)


def strided(
    k: int,
    step: Placed,
    steps: Sequence[Placed],
    scratchpad: Scratchpad,
    r: Residence,
    inputs: Set[str],
    outputs: Set[str],
) -> None:
    """No task: the result lies where its parts lie; in the scratchpad it takes their place. What has a place of its
    own (an input of the graph that becomes part of an output, a part of something that stays whole) is copied."""
    holders = [scratchpad.holder(n) for n in step.reads]
    out = [n for n in step.writes if n in outputs]
    large = parts_through_ddr(step, scratchpad) or not is_small(step.writes[0], scratchpad)
    several = large and bool(shared_parts(step, scratchpad))
    several = several or joined_in_ddr(step, scratchpad) or _shifted(step, scratchpad)
    opened = not scratchpad.opened.isdisjoint(step.reads)
    several = several or (not opened and joined_beside_reader(step, steps, scratchpad))
    several &= step.writes[0] not in scratchpad.halves
    several |= step.node.op_type == "Concat" and step.writes[0] in scratchpad.lists.joined
    if all(h is not None for h in holders) and not out and not several:
        for name in step.reads:
            scratchpad.release(name, k)
        scratchpad.make_room(
            k, step, r, sum(scratchpad.sizes[n] for n in step.writes) + scratchpad.bytes_of(step.reads)
        )
    else:
        r.destination = "ddr"
        whole = step.node.op_type == "Concat"
        if out and not whole:
            results = [(n, scratchpad.sizes[n]) for n in out]
            if holders and holders[0] is not None:
                r.writes += results
            else:
                r.copies += results
        elif copied := scratchpad.lists.copies.get(step.writes[0]):
            r.copies += [(n, scratchpad.sizes[n]) for n in copied]
        elif out:
            placed = (n for n in step.reads if any(w in inputs or w in outputs for w in scratchpad.wholes(n)))
            r.copies += [(n, scratchpad.sizes[n]) for n in placed]
        elif whole:
            r.copies += [(n, scratchpad.sizes[n]) for n in copied_in_ddr(step, scratchpad)]
        if not out:
            stays_apart(step, scratchpad, r)
        for holder in dict.fromkeys(holders):
            if holder is not None and (whole or not out):
                if whole and holder in scratchpad.staying:
                    scratchpad.write_too(holder, r)
                else:
                    with_the_others(holder, step, scratchpad, r)
    r.held_bytes = min(scratchpad.used_bytes, scratchpad.resident_bytes)


def _shifted(step: Placed, scratchpad: Scratchpad) -> bool:
    """Whether a Concat takes a part of what stays inside for others: it is put together in DDR."""
    found = (n for n in step.reads if n in scratchpad.part_of and scratchpad.holder(n) in scratchpad.staying)
    return step.node.op_type == "Concat" and next(found, None) is not None
