"""Where tensors live: kept in the scratchpad while they fit, written to DDR when not.

One pass over the placed steps in program order, on structural numbers only. Rules and their evidence:
docs/compiler.md."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

from npusim.compiler.blocks import Fitted
from npusim.compiler.chains import Strips, attention_of
from npusim.compiler.distribution import GROUPS, cut_of
from npusim.compiler.pieces import (
    MIB,
    bytes_between,
    channel_blocks,
    check_fits,
    convolution_of,
    product_blocks,
    refuse,
    smallest_piece_bytes,
    streamed,
    too_large_twice,
    works_in_place,
)
from npusim.compiler.place import Placed
from npusim.compiler.scratchpad import Residence, Scratchpad
from npusim.compiler.split import Blocks, weight_bytes
from npusim.work import MacOp, MacWork

FOLLOWING_PASSES = (
    "Add",
    "Sub",
    "Mul",
)  # MAC-array passes that leave their result where their inputs came from


def residences(
    steps: list[Placed],
    pad: Scratchpad,
    ranks: dict[str, int],
    outputs: Set[str],
    tile_bytes: float,
    chains: Mapping[int, int],
) -> list[Residence]:
    """What every step loads, spills, keeps and writes, and into how many pieces it is cut.

    `ranks`: rank of every tensor. `outputs`: tensors that must end up in DDR. `tile_bytes`: one scratchpad.
    `chains`: steps that are cut together (npusim.compiler.chains), index of the first -> how many."""
    found: list[Residence] = []
    inputs = frozenset(pad.in_ddr)
    for k, step in enumerate(steps):
        if k in chains:
            found += _chained(k, steps[k : k + chains[k]], pad, tile_bytes * pad.memory.pipelined_share)
        if k < len(found):
            r = found[k]
            _settle(k, step, pad, r, GROUPS, outputs)
            continue
        r, crossing = Residence(), ""
        cut = cut_of(step, pad.cut_of, ranks.get(step.reads[0], 0) if step.reads else 0)
        if step.engine == "none":
            _strided(k, step, pad, r, inputs, outputs)
        elif step.engine == "dma":
            pad.cross_tiles(step, cut, r)
            crossing, r.reason = r.reason, ""
            _moved(k, step, pad, r, outputs)
        else:
            pad.cross_tiles(step, cut, r)
            crossing, r.reason = r.reason, ""
            _computed(k, step, pad, r, tile_bytes * pad.memory.pipelined_share)
        _settle(k, step, pad, r, cut, outputs)
        r.reason = "; ".join(dict.fromkeys(filter(None, (crossing, r.reason))))
        found.append(r)
    return found


def _computed(k: int, step: Placed, pad: Scratchpad, r: Residence, tile_bytes: float) -> None:
    """A step of the MAC array or the DSPs."""
    missing = [n for n in step.reads if pad.holder(n) is None]
    reads, writes = (sum(pad.sizes[n] for n in names) for names in (step.reads, step.writes))
    need = reads + writes - _saved_in_place(k, step, pad)
    attention = attention_of([step])
    if attention is not None:
        need += 2 * attention.score_bytes
    pad.make_room(k, step, r, need + min(step.fixed_bytes, pad.resident_bytes / 4))
    held = need + pad.used_bytes - pad.bytes_of(step.reads)
    r.fixed_traffic = r.weights_held = step.fixed_bytes
    keeps_loads = True
    if step.times and held + max(step.fixed_bytes, _step_weights(step, pad)) > pad.resident_bytes:
        _recurrent(step, pad, r)
    elif (
        attention is not None and held > pad.resident_bytes and (s := attention.strips(pad.tiles, tile_bytes))
    ):
        _strips(step, pad, r, s)
        keeps_loads = False
    elif too_large_twice(step, need, pad.tiles, tile_bytes):
        missing = _blocks(k, step, pad, r, missing, tile_bytes)
        keeps_loads = False  # it reads its input and drops it
    elif held + step.fixed_bytes <= pad.resident_bytes:
        r.destination = _follow(step, pad, missing)
        r.partial_bytes = 2 * bytes_between(step, 0.0, pad.resident_bytes - held)
        keeps_loads = r.destination == "scratchpad"
        r.streams = not (step.engine == "dsp" and pad.kernels_wait) and not step.times
        loading = sum(pad.sizes[n] for n in missing)
        r.weights_until = _until(step) if loading < step.fixed_bytes else 0.0
    elif blocks := channel_blocks(step, pad.pipelined_bytes - held):
        r.pieces, r.blocks = blocks, Blocks(channels=blocks)
        r.weights_held, r.weights_until = min(1.0, 2 / blocks) * step.fixed_bytes, 1.0
        r.reason = f"weights streamed in {blocks} pieces" if blocks > 1 else ""
    elif convolution_of(step) is not None:
        missing = _blocks(k, step, pad, r, missing, tile_bytes)
        keeps_loads = False
    else:
        missing = _streamed(step, pad, r, missing, writes)
        keeps_loads = False
    if not r.loads:
        r.loads = [(n, pad.sizes[n], 1) for n in missing]
    r.held_bytes = min(held, pad.resident_bytes)
    if keeps_loads:
        for name in missing:
            pad.put(name)


def _chained(k: int, steps: list[Placed], pad: Scratchpad, tile_bytes: float) -> list[Residence]:
    """Attention cut together over heads and strips; empty when its keys and values leave no room for a strip."""
    whole = attention_of(steps)
    assert whole is not None
    made = {n for s in steps[:-1] for n in s.writes}
    reads = tuple(dict.fromkeys(n for s in steps for n in s.reads if n not in made))
    r = Residence()
    pad.make_room(k, replace(steps[0], reads=reads), r, pad.resident_bytes)
    for name in reads:
        holder = pad.holder(name)
        if holder is not None:
            pad.spill(holder, r)
    found_strips = whole.strips(pad.tiles, tile_bytes)
    if found_strips is None:
        return []
    blocks = found_strips.blocks
    found = [r, *(Residence() for _ in steps[1:])]
    first = steps[0].reads
    for name in reads:
        own = name in first or name in steps[-1].reads
        again = found_strips.key_reads if name != first[0] else 1
        if not own and pad.sizes[name] < whole.score_bytes:
            again = blocks.groups  # a mask, for each group of heads
        turns = blocks.pieces if name == first[0] or again > 1 else blocks.groups
        r.loads.append((name, pad.sizes[name] * again, turns))
    why = f"cut together with its neighbours: {found_strips.reason}"
    for one, step in zip(found, steps, strict=True):
        one.pieces, one.blocks, one.destination = blocks.pieces, blocks, "next"
        one.fixed_traffic = one.weights_held = step.fixed_bytes
        one.held_bytes = pad.resident_bytes
        one.follows = frozenset(made & set(step.reads))
        one.reason = why
    found[-1].destination = "ddr"
    return found


def _strips(step: Placed, pad: Scratchpad, r: Residence, strips: Strips) -> None:
    """An attention op that does not fit: queries pass strip by strip, its scores never leave the scratchpads."""
    for name in step.reads:
        holder = pad.holder(name)
        if holder is not None:
            pad.spill(holder, r)
    b = strips.blocks
    r.pieces, r.blocks, r.destination, r.reason = b.pieces, b, "ddr", strips.reason
    for name in step.reads:
        queries = name == step.reads[0]
        again = 1 if queries else strips.key_reads
        r.loads.append((name, pad.sizes[name] * again, b.pieces if queries or again > 1 else b.groups))


def _loops(step: Placed) -> list[MacWork]:
    """The products of a recurrence that run once a time step."""
    return [w for w, n in zip(step.steps, step.times, strict=True) if isinstance(w, MacWork) and n > 1]


def _step_weights(step: Placed, pad: Scratchpad) -> float:
    """Bytes of scratchpad, over all tiles, that the weights of one time step take. For one row its channels are split
    over the tiles; several rows are, and then every tile holds all weights (Intel's schedules: 512 hidden units stay
    for a batch of 1 and are read again at every step for a batch of 8)."""
    return sum(weight_bytes(w) * (1 if w.out_h * w.out_w == 1 else pad.tiles) for w in _loops(step))


def _recurrent(step: Placed, pad: Scratchpad, r: Residence) -> None:
    """A recurrence whose weights do not fit beside its sequence: those of the time steps stay if they fit alone,
    else one direction's are read again in every step."""
    loops = _loops(step)
    again = sum(weight_bytes(w) for w in loops)
    one_way = again / max([w.groups for w in loops], default=1)
    rounds = max(step.times)
    r.destination = "ddr"
    stay = _step_weights(step, pad) <= pad.resident_bytes / pad.memory.resident_share
    if not stay:
        again = one_way
        r.fixed_traffic = step.fixed_bytes + again * (rounds - 1)
        r.reason = f"the recurrent weights ({again / MIB:.1f} MiB) do not fit and are read again in each of {rounds} steps"
    else:
        r.reason = "the sequence passes through DDR, the recurrent weights stay"
    r.weights_held = min(again, pad.resident_bytes)
    r.weights_until = 0.0 if stay else 1.0


def _until(step: Placed) -> float:
    """Weights of a product or convolution are used channel by channel: the last ones when the rest is done."""
    work = step.steps[0] if step.steps else None
    return float(isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION)


def _blocks(
    k: int, step: Placed, pad: Scratchpad, r: Residence, missing: list[str], tile_bytes: float
) -> list[str]:
    """A product or convolution in blocks through DDR; returns the inputs that arrive."""
    reads, writes = (sum(pad.sizes[n] for n in names) for names in (step.reads, step.writes))
    found, inside = None, not missing
    others = pad.used_bytes - pad.bytes_of(step.reads)
    if others > pad.pipelined_bytes / 2:  # nothing large waits beside a product that needs the room
        pad.make_room(k, step, r, pad.resident_bytes - pad.pipelined_bytes / 2)
        others = pad.used_bytes - pad.bytes_of(step.reads)
    if inside:
        found = product_blocks(
            step, reads, writes, True, pad.tiles, tile_bytes - others / pad.tiles, pad.nested_waits
        )
    apart = product_blocks(
        step, reads, writes, False, pad.tiles, tile_bytes - others / pad.tiles, pad.nested_waits
    )
    if found is None or (apart is not None and apart[0].cost + reads < found[0].cost):
        found, inside = apart, False
    if found is None and others:
        pad.make_room(k, step, r, pad.resident_bytes)
        found = product_blocks(step, reads, writes, False, pad.tiles, tile_bytes, pad.nested_waits)
    work = convolution_of(step)
    if found is None and work is not None:
        refuse(step, smallest_piece_bytes(work, reads, writes), pad.pipelined_bytes)
    assert found is not None
    fitted, again = found
    if not inside:
        for name in step.reads:
            holder = pad.holder(name)
            if holder is not None:
                pad.spill(holder, r)
        missing = list(step.reads)
    _apply(step, pad, r, fitted)
    r.loads = [(n, pad.sizes[n] * again, fitted.left_blocks) for n in missing]
    return missing


def _apply(step: Placed, pad: Scratchpad, r: Residence, fitted: Fitted) -> None:
    b = fitted.blocks
    r.blocks, r.pieces, r.destination = b, b.pieces, "ddr"
    r.partial_bytes = fitted.partial_bytes
    r.fixed_traffic = step.fixed_bytes * fitted.right_reads
    distinct = b.channels * b.terms
    r.weights_held = step.fixed_bytes * min(1.0, 2 / distinct)
    r.weights_until = 1.0 if distinct > 1 else 1.0 / b.pieces
    if not fitted.overlaps:
        r.overlaps, r.weights_until = False, 0.0
    axes = [
        f"{n} of {axis}"
        for axis in ("groups", "rows", "columns", "channels", "terms")
        if (n := getattr(b, axis)) > 1
    ]
    r.reason = f"in {b.pieces} pieces ({', '.join(axes)}), joined in DDR" if axes else "through DDR"
    if not fitted.overlaps:
        r.reason += "; one piece at a time, its transfers not hidden"
    if fitted.right_reads > 1 and step.fixed_bytes:
        r.reason += f"; weights read {fitted.right_reads:.0f} times"
    elif fitted.left_reads >= 2:
        r.reason += f"; inputs read {fitted.left_reads:.0f} times"


def _streamed(step: Placed, pad: Scratchpad, r: Residence, missing: list[str], leaving: float) -> list[str]:
    """Inputs arrive and outputs leave piece by piece; returns the inputs that arrive."""
    if pad.bytes_of(step.reads) > pad.pipelined_bytes / 2:
        for name in step.reads:
            holder = pad.holder(name)
            if holder is not None:
                pad.spill(holder, r)
        missing = list(step.reads)
    inside, arriving = pad.bytes_of(step.reads), sum(pad.sizes[n] for n in missing)
    room = pad.pipelined_bytes - inside - min(step.fixed_bytes, pad.pipelined_bytes / 4)
    check_fits(step, arriving + leaving, room)
    rows = max((getattr(w, "rows", 1) for w in step.steps), default=1)
    found = streamed(step, arriving + leaving, (arriving + leaving) / max(rows, 1), room)
    r.pieces, r.blocks, r.destination = found.pieces, found.blocks, "ddr"
    r.reason = (
        f"in {found.pieces} pieces through DDR: {(arriving + leaving + inside) / MIB:.1f} MiB do not fit"
    )
    if step.engine == "dsp" and pad.kernels_wait:
        r.overlaps = False
        r.reason += ", one at a time, its transfers not hidden"
    if found.reads > 1:
        r.reason += "; a row does not fit and is read twice"
    r.loads = [(n, pad.sizes[n] * found.reads, found.pieces) for n in missing]
    r.partial_bytes = 2 * bytes_between(
        step, leaving, pad.pipelined_bytes
    )  # passes leave their results in DDR for the next
    return missing


def _moved(k: int, step: Placed, pad: Scratchpad, r: Residence, outputs: Set[str]) -> None:
    """A pure transfer reads where its input is and writes where its output may stay."""
    inside = step.reads and all(pad.holder(n) is not None for n in step.reads)
    r.source = "scratchpad" if inside else "ddr"
    writes = sum(pad.sizes[n] for n in step.writes)
    pad.make_room(k, step, r, writes + pad.bytes_of(step.reads))
    held = writes + pad.used_bytes
    r.destination = "scratchpad" if held <= pad.resident_bytes else "ddr"
    if all(n in outputs and pad.dead_after(n, k) for n in step.writes):
        r.destination = "ddr"
    if r.source == "ddr" and r.destination == "scratchpad":
        r.destination = _follow(step, pad, list(step.reads))
    r.held_bytes = min(held, pad.resident_bytes)


def _strided(
    k: int, step: Placed, pad: Scratchpad, r: Residence, inputs: Set[str], outputs: Set[str]
) -> None:
    """No task: the result lies where its parts lie; in the scratchpad it takes their place. What has a place of its
    own (an input of the graph that becomes part of an output, a part of something that stays whole) is copied."""
    holders = [pad.holder(n) for n in step.reads]
    out = [n for n in step.writes if n in outputs]
    if all(h is not None for h in holders) and not out:
        for name in step.reads:
            pad.release(name, k)
        pad.make_room(k, step, r, sum(pad.sizes[n] for n in step.writes) + pad.bytes_of(step.reads))
    else:
        r.destination = "ddr"
        whole = step.node.op_type == "Concat"
        if out and not whole:
            moved = [(n, pad.sizes[n]) for n in out]
            if holders and holders[0] is not None:
                r.writes += moved
            else:
                r.copies += moved
        elif out:
            placed = (n for n in step.reads if any(w in inputs or w in outputs for w in pad.wholes(n)))
            r.copies += [(n, pad.sizes[n]) for n in placed]
        for holder in dict.fromkeys(holders):
            if holder is not None and (whole or not out):
                pad.spill(holder, r)
    r.held_bytes = min(pad.used_bytes, pad.resident_bytes)


def _settle(k: int, step: Placed, pad: Scratchpad, r: Residence, cut: str, outputs: Set[str]) -> None:
    """Note where the outputs are, and forget inputs that nobody needs any more."""
    if not step.steps:
        cut = next((c for n in step.reads if (c := pad.cut_of(n)) is not None), cut)
    for name in step.writes:
        pad.cuts[name] = cut
        if r.destination == "next":
            continue
        if r.destination == "ddr" or name in outputs:
            pad.in_ddr.add(name)
            by_itself = step.engine == "none" or (step.engine == "dma" and r.destination == "ddr")
            if not by_itself:
                r.writes.append((name, pad.sizes[name]))
        if r.destination == "scratchpad" and not pad.dead_after(name, k):
            pad.put(name)
    for name, _, _ in r.loads:
        pad.cuts[name] = cut
    for name in step.reads:
        pad.release(name, k)


def _saved_in_place(k: int, step: Placed, pad: Scratchpad) -> float:
    """Bytes an element-wise step saves by writing over an input that nobody needs afterwards."""
    if not works_in_place(step):
        return 0.0
    size = pad.sizes[step.writes[0]]
    whole = (n for n in step.reads if n not in pad.part_of or pad.holder(n) in (None, n))
    return size if any(pad.sizes[n] == size and pad.dead_after(n, k) for n in whole) else 0.0


def _follow(step: Placed, pad: Scratchpad, missing: list[str]) -> str:
    """Element-wise and DSP steps whose inputs all came from DDR leave their output there."""
    own = step.engine == "mac_array" and step.node.op_type not in FOLLOWING_PASSES
    if not pad.memory.follow_input or own or len(missing) < max(1, len(step.reads)):
        return "scratchpad"
    return "ddr"
