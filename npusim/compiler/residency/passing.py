"""How steps pass through the scratchpads that do not fit: in blocks, streamed, in strips of attention, or cut together
with their neighbours. Each function writes into a step's `Residence`, or makes those of the steps cut together."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

from npusim.compiler.chains.chains import (
    Attention,
    Strips,
    attention_of,
    guarded_of,
    is_softmax,
    turns_operand,
)
from npusim.compiler.chains.guarded import BEYOND_ONE, BEYOND_TWO, TWO_HEADS
from npusim.compiler.cutting.fitted import ONE, WAIT, Fitted
from npusim.compiler.cutting.nominal import moving_ns
from npusim.compiler.cutting.split import Blocks, even_blocks
from npusim.compiler.cutting.strips import KEPT_BESIDE_STRIPS
from npusim.compiler.layouts.windows import bytes_made
from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.relaid import along_rows, image_waits
from npusim.compiler.residency.compressed_weights import fetched_again
from npusim.compiler.residency.image_norms import through_all_passes
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.pieces import (
    FEW_ROWS,
    IMAGE_CONVOLUTIONS,
    MIB,
    bytes_between,
    check_fits,
    convolution_of,
    product_blocks,
    refuse,
    smallest_piece_bytes,
    streamed,
    takes_turned_image,
)
from npusim.compiler.sharing.pooled import pools_as_it_lies
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.work import MacOp, MacWork, MoveWork, VectorWork, Work

MOST_TURNED = 8  # pieces of an operand whose result stays


def in_blocks(
    k: int, step: Placed, scratchpad: Scratchpad, r: Residence, missing: list[str], tile_bytes: float
) -> list[str]:
    """A product or convolution in blocks through DDR; returns the inputs that arrive."""
    reads, writes = (sum(scratchpad.sizes[n] for n in names) for names in (step.reads, step.writes))
    work, tiles = convolution_of(step), scratchpad.tiles
    two_axes = scratchpad.two_axes if _many_rows(step) else ""
    if scratchpad.as_scheduled and step.node.op_type in IMAGE_CONVOLUTIONS and work and work.out_w > 1:
        two_axes = ONE  # not of a line: 24,000 samples' third window goes in 8 of channels and 3 of places
    found, inside = None, not missing and not takes_turned_image(step) and not _large_image(step, scratchpad)
    others = scratchpad.used_bytes - scratchpad.bytes_of(step.reads)
    if others > scratchpad.pipelined_bytes / 2:  # nothing large waits beside a product that needs the room
        scratchpad.make_room(k, step, r, scratchpad.resident_bytes - scratchpad.pipelined_bytes / 2)
        others = scratchpad.used_bytes - scratchpad.bytes_of(step.reads)
    by_time = scratchpad.generation if scratchpad.memory.blocks_by_time else ""
    how = two_axes, by_time
    if inside:
        found = product_blocks(step, reads, writes, True, tiles, tile_bytes - others / tiles, *how)
    apart = product_blocks(step, reads, writes, False, tiles, tile_bytes - others / tiles, *how)
    leaving = moving_ns(reads, by_time) if by_time else reads
    if found is None or (apart is not None and apart[0].cost + leaving < found[0].cost):
        found, inside = apart, False
    if found is None and others:
        scratchpad.make_room(k, step, r, scratchpad.resident_bytes)
        found = product_blocks(step, reads, writes, False, tiles, tile_bytes, *how)
    if found is None and work is not None:
        refuse(step, smallest_piece_bytes(work, reads, writes), scratchpad.pipelined_bytes)
    assert found is not None
    fitted, again = found
    if not inside:
        scratchpad.spill_all(step.reads, r)
        missing = list(step.reads)
    _apply(step, scratchpad, r, fitted)
    r.loads = [(n, scratchpad.sizes[n] * again, fitted.left_blocks) for n in missing]
    return missing


def _large_image(step: Placed, scratchpad: Scratchpad) -> bool:
    """Whether an image that a convolution is to take in pieces lies inside in so much room that it is written and read
    piece by piece, as those of several convolutions cut together are (64 x 176 x 176, enlarged, on NPU 4000; not one
    that a pass turned for it: 320 x 64 x 64 there, 128 x 80 x 80 on 3720, but four of 128 x 40 x 40)."""
    images = step.node.op_type in IMAGE_CONVOLUTIONS and (step.images > 1 or not step.reads_turned)
    return images and scratchpad.bytes_of(step.reads) > scratchpad.pipelined_bytes * KEPT_BESIDE_STRIPS


def _apply(step: Placed, scratchpad: Scratchpad, r: Residence, fitted: Fitted) -> None:
    b = fitted.blocks
    r.blocks, r.pieces, r.destination = b, b.pieces, "ddr"
    r.partial_bytes = fitted.partial_bytes + _windows_through_ddr(step, scratchpad)
    # The blocks are those of the first window of several; the weights of the others stand still beside theirs.
    again = 1.0 if step.lowering in WINDOW_LIMITS else fitted.right_reads
    r.fixed_traffic = step.fixed_bytes * again
    distinct = b.channels * b.terms
    r.weights_held = step.fixed_bytes * min(1.0, 2 / distinct)
    r.weights_until = 1.0 if distinct > 1 else 1.0 / b.pieces
    fetched_again(step, r, scratchpad)
    waits = not fitted.overlaps or (scratchpad.two_axes == WAIT and _two_axes(step, b))
    if waits:
        r.overlaps, r.weights_until = False, 0.0
    axes = [
        f"{n} of {axis}"
        for axis in ("groups", "rows", "columns", "channels", "terms")
        if (n := getattr(b, axis)) > 1
    ]
    r.reason = f"in {b.pieces} pieces ({', '.join(axes)}), joined in DDR" if axes else "through DDR"
    if waits:
        r.reason += "; one piece at a time, its transfers not hidden"
    if again > 1 and step.fixed_bytes:
        r.reason += f"; weights read {again:.0f} times"
    elif fitted.left_reads >= 2:
        r.reason += f"; inputs read {fitted.left_reads:.0f} times"


def _windows_through_ddr(step: Placed, scratchpad: Scratchpad) -> float:
    """Bytes of the results of windows, and of what poolings leave of them, that cross DDR to be pooled and added up
    where one result does not fit twice (1,024 channels of patches at 384 x 384 on NPU 4000 in Intel's schedules). Where
    nothing is dropped, strips pass through all windows and their additions (two layers of musicnn and of CREPE)."""
    passes = [w for w in step.steps if isinstance(w, MacWork) and w.op in (MacOp.CONVOLUTION, MacOp.MAX_POOL)]
    sizes = [bytes_made(w) for w in passes]
    pooled = any(w.op == MacOp.MAX_POOL for w in passes)
    if step.lowering != "sliced" or not pooled or 2 * sizes[0] <= scratchpad.pipelined_bytes:
        return 0.0
    made = sum(_left_by_a_window(before, w) for before, w in pairwise(step.steps))
    return float(max(0.0, 2 * (sum(sizes) - made)))


def _left_by_a_window(before: Work, work: Work) -> float:
    """Bytes of what a window made, where a transfer writes them (npusim.compiler.layouts.windows)."""
    window = isinstance(before, MacWork) and before.op == MacOp.CONVOLUTION
    written = isinstance(work, MoveWork) and (work.source, work.destination) == ("scratchpad", "ddr")
    return float(work.nbytes) if window and isinstance(work, MoveWork) and written else 0.0


def _two_axes(step: Placed, b: Blocks) -> bool:
    """Whether a product of many rows is cut over more than one of its rows, channels and terms."""
    return _many_rows(step) and (b.rows > 1) + (b.channels > 1) + (b.terms > 1) > 1


def _many_rows(step: Placed) -> bool:
    """Whether a step is a product of many rows."""
    work = convolution_of(step)
    return work is not None and step.node.op_type in PRODUCTS and work.out_h * work.out_w > FEW_ROWS


def streamed_through(
    step: Placed, scratchpad: Scratchpad, r: Residence, missing: list[str], leaving: float
) -> list[str]:
    """Inputs arrive and outputs leave piece by piece; returns the inputs that arrive."""
    if scratchpad.bytes_of(step.reads) > scratchpad.pipelined_bytes * KEPT_BESIDE_STRIPS:
        scratchpad.spill_all(step.reads, r)
        missing = list(step.reads)
    pass_ = step.only
    if (pieces := turned_inside(step, scratchpad)) and isinstance(pass_, MacWork):
        r.pieces, r.blocks = pieces, even_blocks(pass_, pieces, scratchpad.tiles)
        r.destination, r.reason = "scratchpad", f"in {pieces} pieces from DDR, its result stays"
        r.loads = [(n, scratchpad.sizes[n], pieces) for n in missing]
        return missing
    inside, arriving = scratchpad.bytes_of(step.reads), sum(scratchpad.sizes[n] for n in missing)
    room = scratchpad.pipelined_bytes - inside - min(step.fixed_bytes, scratchpad.pipelined_bytes / 4)
    if scratchpad.operands_in_strips and turns_operand(step):
        room -= scratchpad.used_bytes - inside  # what waits for a later step
    check_fits(step, arriving + leaving, room)
    rows = max((getattr(w, "rows", 1) for w in step.steps), default=1)
    found = streamed(step, arriving + leaving, (arriving + leaving) / max(rows, 1), room, scratchpad.tiles)
    r.pieces, r.blocks, r.destination = found.pieces, found.blocks, "ddr"
    r.reason = (
        f"in {found.pieces} pieces through DDR: {(arriving + leaving + inside) / MIB:.1f} MiB do not fit"
    )
    waits = step.engine == "dsp" and scratchpad.kernels_wait
    waits = waits or scratchpad.waits_whole(step, arriving + leaving + inside)
    if waits or image_waits(step.steps, scratchpad.tiles, scratchpad.tile_bytes):
        r.overlaps = False
        r.reason += ", one at a time, its transfers not hidden"
    if found.reads > 1:
        r.reason += "; a row does not fit and is read twice"
    r.loads = [(n, scratchpad.sizes[n] * found.reads, found.pieces) for n in missing]
    together = scratchpad.norms_in_strips or through_all_passes(step, scratchpad)
    if together and all(isinstance(w, VectorWork) for w in step.steps[:-1]):
        return missing  # a piece goes through all passes: mean and variance of its rows, then their scale
    if pools_as_it_lies(step):
        r.hands_on_bytes = room / 2
        return missing
    # what passes leave in DDR for the next
    share = scratchpad.memory.pipelined_share if along_rows(step.steps) else 1.0
    room = scratchpad.pipelined_bytes / share
    r.partial_bytes = 2 * bytes_between(step, leaving, room, scratchpad.by_columns, scratchpad.as_scheduled)
    return missing


def turned_inside(step: Placed, scratchpad: Scratchpad) -> int:
    """Into how many pieces the pass over an operand is cut that fits turned, not beside itself as it came, so that what
    it makes stays inside (where turns keep the law of doubling); 0 where it does not."""
    if not scratchpad.operands_in_strips or not turns_operand(step) or not step.sharing:
        return 0
    read, made = (sum(scratchpad.sizes[n] for n in names) for names in (step.reads, step.writes))
    room = scratchpad.pipelined_bytes - scratchpad.used_bytes - made
    pieces = ceil(2 * read / room) if room > 0 else 0
    return pieces if pieces <= MOST_TURNED else 0


def in_strips(step: Placed, scratchpad: Scratchpad, r: Residence, strips: Strips) -> None:
    """An attention op that does not fit: queries pass strip by strip, its scores never leave the scratchpads."""
    scratchpad.spill_all(step.reads, r)
    b = strips.blocks
    r.pieces, r.blocks, r.destination, r.reason = b.pieces, b, "ddr", strips.reason
    for name in step.reads:
        queries = name == step.reads[0]
        again = 1 if queries else strips.key_reads
        r.loads.append((name, scratchpad.sizes[name] * again, b.pieces if queries or again > 1 else b.groups))


def chained(k: int, steps: list[Placed], scratchpad: Scratchpad, tile_bytes: float) -> list[Residence]:
    """Attention cut together over heads and strips, up to the softmax where that is guarded; empty when its keys and
    values leave no room for a strip."""
    guarded = is_softmax(steps[-1])
    whole = guarded_of(steps) if guarded else attention_of(steps)
    assert whole is not None
    made = {n for s in steps[:-1] for n in s.writes}
    reads = tuple(dict.fromkeys(n for s in steps for n in s.reads if n not in made))
    r = Residence()
    scratchpad.make_room(k, steps[0]._replace(reads=reads), r, scratchpad.resident_bytes)
    scratchpad.spill_all(reads, r)
    found_strips = whole.strips(scratchpad.tiles, tile_bytes)
    if found_strips is None or (whole.small_heads and _added_between(steps)):
        return []
    blocks = found_strips.blocks
    crossing = crossing_share(whole, scratchpad) if guarded else 0.0
    found = [r, *(Residence() for _ in steps[1:])]
    first = next(s for s in steps if convolution_of(s) is not None).reads
    for name in reads:
        at = next(i for i, s in enumerate(steps) if name in s.reads) if whole.turned else 0
        own = name in first or name in steps[-1].reads or turns_operand(steps[at])
        again = found_strips.key_reads if name != first[0] else 1
        if not own and crossing < 1 and scratchpad.sizes[name] < whole.score_bytes:
            again = int(whole.first.groups)  # a mask, for each head
        turns = blocks.pieces if name == first[0] or again > 1 else blocks.groups
        found[at].loads.append((name, scratchpad.sizes[name] * again, turns))
    why = f"cut together with its neighbours: {found_strips.reason}"
    for one, step in zip(found, steps, strict=True):
        one.pieces, one.blocks, one.destination = blocks.pieces, blocks, "next"
        one.fixed_traffic = one.weights_held = step.fixed_bytes
        if step.fixed_bytes < whole.score_bytes and convolution_of(step) is None:
            one.fixed_traffic *= int(whole.first.groups)
        one.held_bytes = scratchpad.resident_bytes
        one.follows = frozenset(made & set(step.reads))
        one.reason = why
        pass_ = step.only
        if turns_operand(step) and isinstance(pass_, MacWork):
            one.pieces = blocks.groups
            one.blocks = even_blocks(pass_, blocks.groups, scratchpad.tiles)
    found[-1].destination = "ddr"
    if not guarded and scratchpad.scores_of_two and _two_heads_fit(whole, scratchpad):
        crossing = 1.0
    if crossing:
        name, size = steps[-1].reads[0], whole.score_bytes * crossing
        found[-2].writes.append((name, size))
        found[-1].loads.append((name, size, blocks.pieces))
        if crossing == 1:
            found[-1].follows -= {name}
        found[-2].reason += "; scores cross DDR" + ("" if guarded else ", two heads fit at once")
    return found


def crossing_share(scores: Attention, scratchpad: Scratchpad) -> float:
    """Which part of guarded scores crosses DDR between their mask and their softmax, 0..1."""
    how = scratchpad.memory.guarded_sums_cross.get(scratchpad.generation, "")
    fitting = scratchpad.resident_bytes * scores.first.groups / scores.score_bytes  # heads at once
    if how == TWO_HEADS:
        return float(fitting >= 2)
    return 0.5 if fitting < {BEYOND_TWO: 2, BEYOND_ONE: 1}.get(how, 0) else 0.0


def _two_heads_fit(whole: Attention, scratchpad: Scratchpad) -> bool:
    """Whether scores of two heads fit, not of three, and keys fill no sixteens: one product makes those of all heads
    before the next takes them there, through DDR (750 and 785 keys on NPU 3720, 1,000 on 4000; neither 1,000 nor 577 on
    3720, nor 750 on 4000)."""
    heads = scratchpad.pipelined_bytes * whole.first.groups / whole.score_bytes
    return bool(whole.first.out_c % CHANNEL_BLOCK > 0 and 2 <= heads < 3)


def _added_between(steps: list[Placed]) -> bool:
    """Whether a mask or bias is added to the scores: to those of small heads Intel's compiler adds it for all of them
    at once, through DDR."""
    return any(s.node.op_type in ("Add", "Sub", "Where") for s in steps[1:-1])
