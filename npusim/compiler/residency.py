"""Where tensors live: kept in the scratchpad while they fit, written to DDR when not.

One pass over the placed steps in program order, on structural numbers only. Rules and their evidence:
docs/compiler.md."""

from __future__ import annotations

from collections.abc import Mapping, Set

from npusim.compiler.chains import attention_of
from npusim.compiler.distribution import GROUPS, cut_of
from npusim.compiler.passing import (
    chained,
    in_blocks,
    in_strips,
    recurrent,
    step_weights,
    streamed_through,
)
from npusim.compiler.pieces import (
    bytes_between,
    channel_blocks,
    convolution_of,
    too_large_twice,
    works_in_place,
)
from npusim.compiler.place import Placed
from npusim.compiler.scratchpad import Residence, Scratchpad
from npusim.compiler.split import Blocks
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
            found += chained(k, steps[k : k + chains[k]], pad, tile_bytes * pad.memory.pipelined_share)
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
    if step.times and held + max(step.fixed_bytes, step_weights(step, pad)) > pad.resident_bytes:
        recurrent(step, pad, r)
    elif (
        attention is not None and held > pad.resident_bytes and (s := attention.strips(pad.tiles, tile_bytes))
    ):
        in_strips(step, pad, r, s)
        keeps_loads = False
    elif too_large_twice(step, need, pad.tiles, tile_bytes):
        missing = in_blocks(k, step, pad, r, missing, tile_bytes)
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
        missing = in_blocks(k, step, pad, r, missing, tile_bytes)
        keeps_loads = False
    else:
        missing = streamed_through(step, pad, r, missing, writes)
        keeps_loads = False
    if not r.loads:
        r.loads = [(n, pad.sizes[n], 1) for n in missing]
    r.held_bytes = min(held, pad.resident_bytes)
    if keeps_loads:
        for name in missing:
            pad.put(name)


def _until(step: Placed) -> float:
    """Weights of a product or convolution are used channel by channel: the last ones when the rest is done."""
    work = step.steps[0] if step.steps else None
    return float(isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION)


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
            if step.engine in ("mac_array", "dsp"):
                pad.made_by[name] = r
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
