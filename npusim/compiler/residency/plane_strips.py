"""Strips of a plane: what enters them, what leaves, and what crosses DDR between two of their steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from npusim.compiler.cutting.split import Blocks
from npusim.compiler.cutting.strips import KEPT_BESIDE_STRIPS, Cut
from npusim.compiler.layouts.images_in_turn import uneven_channels
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.compressed_weights import fetched_again
from npusim.compiler.residency.scattered import cross_refilled
from npusim.compiler.residency.skips_in_strips import crossing_skips
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.pieces import takes_turned_image
from npusim.ops.counting import CHANNEL_BLOCK, TABLE_BYTES
from npusim.work import MacWork


def _has_window(step: Placed) -> bool:
    work = step.only
    return isinstance(work, MacWork) and work.kernel_h > 1


def _fetched_again(steps: list[Placed], found: list[Residence], scratchpad: Scratchpad) -> None:
    """What one strip hands to a window and to an addition behind it crosses DDR to the addition, whose strip is smaller
    (HardSwish in front of the first block of MobileNet-v3 at 320 and 384 pixels on NPU 3720: 835 and 1,217 KB out, 824
    and 1,180 back; two residual blocks at 180 pixels; on 4000 and 5010 such blocks at 180 and 240 keep it)."""
    makers = {n: i for i, s in enumerate(steps) for n in s.writes}
    for k, step in enumerate(steps):
        for name in step.reads:
            i = makers.get(name, k)
            if k - i > 1 and any(_has_window(s) for s in steps[i + 1 : k]):
                found[i].writes.append((name, scratchpad.sizes[name]))
                found[0].loads.append((name, scratchpad.sizes[name], found[0].pieces))


def leave_joined(names: Iterable[str], scratchpad: Scratchpad, r: Residence) -> None:
    """Send away what steps that take images of a batch one by one read, but what another one read from DDR before."""
    scratchpad.spill_all([n for n in names if n not in scratchpad.in_ddr], r)


def _of_images(step: Placed, r: Residence, cut: Cut, scratchpad: Scratchpad) -> None:
    """Count constants again for each image: tables always, weights of channels that are no sixteens always (16 to 24
    channels, 24 to 24, 24 to 144 in Intel's schedules, not 144 by windows), others where they do not stay."""
    work = step.only
    if step.images <= 1 or not step.fixed_bytes or not isinstance(work, MacWork):
        return
    tables, weights, uneven = work.out_c * TABLE_BYTES, step.fixed_bytes, uneven_channels(step)
    again = float(step.images) if uneven else cut.weights_again
    if uneven and work.in_c < CHANNEL_BLOCK:  # without their zeros, but a map of these
        weights = tables + max(0.0, weights - tables) * (work.in_c + 1) / CHANNEL_BLOCK
    r.fixed_traffic = max(step.fixed_bytes, again * weights) + (step.images - again) * tables
    r.weights_until = float(again > 1 and (uneven or not scratchpad.batches_wait))


def _wait(steps: list[Placed], found: list[Residence], cut: Cut, scratchpad: Scratchpad) -> None:
    """Count the images of a batch that wait in DDR behind a stem (npusim.compiler.planes.waiting_stems)."""
    if cut.waiting is None:
        return
    waiting = cut.waiting
    name = steps[waiting.stem].writes[0]
    image = scratchpad.sizes[name] / cut.rows
    if waiting.written:
        found[waiting.stem].writes.append((name, waiting.written * image))
        found[0].loads.append((name, waiting.read * image, cut.pieces))


def plane_strips(k: int, steps: list[Placed], cut: Cut, scratchpad: Scratchpad) -> list[Residence]:
    """Steps on a plane cut together in strips: what comes from outside arrives and the result leaves strip by strip."""
    made = {n for s in steps[:-1] for n in s.writes}
    reads = tuple(name for name, _ in cut.arriving)
    r = Residence()
    inside = scratchpad.bytes_of(reads)
    # NPU 3720: 5 of 5 groups in Intel's schedules. Of those on 4000 and 5010 that begin with a window 10 of 11, of
    # those that begin with a 1x1 3 of 12.
    through = not scratchpad.rows_around
    large = inside > scratchpad.pipelined_bytes * KEPT_BESIDE_STRIPS
    if cut.images:
        leave_joined(reads, scratchpad, r)
    elif through or cut.through or large or takes_turned_image(steps[0]):
        scratchpad.spill_all(reads, r)
    elif scratchpad.tiles > 1 and _has_window(steps[0]):
        scratchpad.spill_all(steps[0].reads, r)
    for step in steps:
        cross_refilled(step, scratchpad, r)
    room = scratchpad.resident_bytes - scratchpad.pipelined_bytes / 4
    scratchpad.make_room(k, steps[0]._replace(reads=reads), r, room)
    for name, again in cut.arriving:
        if scratchpad.holder(name) is None:
            r.loads.append((name, scratchpad.sizes[name] * again, cut.pieces))
    found = [r, *(Residence() for _ in steps[1:])]
    blocks = Blocks(groups=cut.problems, rows=cut.rows, columns=cut.columns, channels=cut.channels)
    names = ", ".join(s.node.op_type for s in steps)
    for i, (one, step) in enumerate(zip(found, steps, strict=True)):
        one.part = "first" if i == 0 else "inner"
        one.pieces, one.blocks, one.destination, one.again = cut.pieces, blocks, "next", cut.again[i]
        one.fixed_traffic = one.weights_held = step.fixed_bytes
        one.by_image = cut.images
        if cut.images:
            _of_images(step, one, cut, scratchpad)
        fetched_again(step, one, None)
        one.held_bytes = scratchpad.resident_bytes
        one.follows = frozenset(made & set(step.reads))
        kernels = step.engine == "dsp" or (i > 0 and steps[i - 1].engine == "dsp")
        one.overlaps = not (kernels and scratchpad.kernels_wait)
        one.reason = f"cut together in {cut.text} ({names}): what they hand on stays inside"
        if (twice := cut.again[i] - 1) >= 0.005:
            one.reason += f"; {twice:.0%} computed twice where strips overlap"
    if through:
        _fetched_again(steps, found, scratchpad)
    elif cut.rows > 1 and cut.pieces == cut.rows and not cut.images:
        for skip in crossing_skips(steps, cut.rows, scratchpad.tiles):
            name = steps[skip.maker].writes[0]
            found[skip.maker].writes.append((name, scratchpad.sizes[name] * skip.written))
            found[0].loads.append((name, scratchpad.sizes[name] * skip.read, cut.pieces))
    _wait(steps, found, cut, scratchpad)
    if cut.terms > 1:
        found[0].blocks = replace(blocks, channels=cut.terms)
        found[-1].blocks = replace(blocks, terms=cut.terms)
        found[-1].weights_held = 2 * steps[-1].fixed_bytes / cut.terms
    found[-1].part, found[-1].destination = "last", "ddr"
    return found
