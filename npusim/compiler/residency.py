"""Where tensors live: kept in the scratchpad while they fit, written to DDR when not.

One pass over the placed steps in program order, on structural numbers only. Rules and their evidence:
docs/compiler.md."""

from __future__ import annotations

from collections.abc import Set
from math import ceil

from npusim.compiler.distribution import cut_of
from npusim.compiler.pieces import MIB, check_fits, most_pieces, product_pieces, streamed, works_in_place
from npusim.compiler.place import Placed
from npusim.compiler.scratchpad import Residence, Scratchpad

FOLLOWING_PASSES = (
    "Add",
    "Sub",
    "Mul",
)  # MAC-array passes that leave their result where their inputs came from


def residences(
    steps: list[Placed], pad: Scratchpad, ranks: dict[str, int], outputs: Set[str], tile_bytes: float
) -> list[Residence]:
    """What every step loads, spills, keeps and writes, and into how many pieces it is cut.

    `ranks`: rank of every tensor. `outputs`: tensors that must end up in DDR. `tile_bytes`: one scratchpad."""
    found = []
    for k, step in enumerate(steps):
        r = Residence()
        cut = cut_of(step, pad.cuts, ranks.get(step.reads[0], 0) if step.reads else 0)
        if step.engine == "none":
            _strided(k, step, pad, r)
        elif step.engine == "dma":
            pad.cross_tiles(step, cut, r)
            _moved(k, step, pad, r)
        else:
            pad.cross_tiles(step, cut, r)
            _computed(k, step, pad, r, tile_bytes * pad.memory.pipelined_share)
        _settle(k, step, pad, r, cut, outputs)
        found.append(r)
    return found


def _computed(k: int, step: Placed, pad: Scratchpad, r: Residence, tile_bytes: float) -> None:
    """A step of the MAC array or the DSPs."""
    missing = [n for n in step.reads if n not in pad.inside]
    reads, writes = (sum(pad.sizes[n] for n in names) for names in (step.reads, step.writes))
    if reads + writes + step.fixed_bytes > pad.pipelined_bytes:
        check_fits(step, reads, writes, pad.pipelined_bytes)
    need = reads + writes - _saved_in_place(k, step, pad)
    pieces = product_pieces(step, need, pad.tiles, tile_bytes)
    pad.make_room(k, step, r, need + min(step.fixed_bytes, pad.resident_bytes / 4))
    held = need + pad.used_bytes - pad.bytes_of(step.reads)
    room = pad.pipelined_bytes - held
    r.fixed_traffic = step.fixed_traffic
    keeps_loads = True
    if pieces > 1:
        r.pieces, r.cut, r.destination = pieces, "channels", "ddr"
        r.reason = f"weights cut into {pieces} pieces over channels, which are joined in DDR"
        keeps_loads = False  # it reads its input and drops it
    elif held + step.fixed_bytes <= pad.resident_bytes:
        r.destination = _follow(step, pad, missing)
        keeps_loads = r.destination == "scratchpad"
    elif room > 0 and 2 * step.fixed_bytes / room <= most_pieces(step, "channels"):
        r.pieces, r.cut = max(1, ceil(2 * step.fixed_bytes / room)), "channels"
        r.reason = f"weights streamed in {r.pieces} pieces"
    else:
        missing = _streamed(step, pad, r, missing, writes)
        keeps_loads = r.cut == "channels"
    if r.pieces > 1 and step.again_bytes:
        r.fixed_traffic += step.again_bytes
        r.reason += "; the recurrent weights do not stay and are read again at every step"
    r.loads = [(n, pad.sizes[n]) for n in missing]
    r.held_bytes = min(held, pad.resident_bytes)
    if keeps_loads:
        for name in missing:
            pad.put(name)


def _streamed(step: Placed, pad: Scratchpad, r: Residence, missing: list[str], leaving: float) -> list[str]:
    """Inputs arrive and outputs leave piece by piece; returns the inputs that arrive."""
    if pad.bytes_of(step.reads) > pad.pipelined_bytes * 3 / 4:
        for name in [n for n in step.reads if n in pad.inside]:
            pad.spill(name, r)
        missing = list(step.reads)
    inside, arriving = pad.bytes_of(step.reads), sum(pad.sizes[n] for n in missing)
    cut = streamed(step, arriving, leaving, inside, pad.pipelined_bytes)
    r.pieces, r.cut, r.destination = cut.pieces, cut.over, "ddr"
    r.fixed_traffic = cut.fixed_traffic or step.fixed_traffic
    r.reason = f"in {cut.pieces} pieces through DDR: {(arriving + leaving + inside) / MIB:.1f} MiB do not fit"
    return missing


def _moved(k: int, step: Placed, pad: Scratchpad, r: Residence) -> None:
    """A pure transfer reads where its input is and writes where its output may stay."""
    r.source = "scratchpad" if step.reads and all(n in pad.inside for n in step.reads) else "ddr"
    writes = sum(pad.sizes[n] for n in step.writes)
    pad.make_room(k, step, r, writes + pad.bytes_of(step.reads))
    held = writes + pad.used_bytes
    r.destination = "scratchpad" if held <= pad.resident_bytes else "ddr"
    if r.source == "ddr" and r.destination == "scratchpad":
        r.destination = _follow(step, pad, list(step.reads))
    r.held_bytes = min(held, pad.resident_bytes)


def _strided(k: int, step: Placed, pad: Scratchpad, r: Residence) -> None:
    """No task: the result lies where its parts lie; in the scratchpad it takes their place."""
    if all(n in pad.inside for n in step.reads):
        for name in step.reads:
            if pad.dead_after(name, k):
                pad.take(name)
        pad.make_room(k, step, r, sum(pad.sizes[n] for n in step.writes) + pad.bytes_of(step.reads))
    else:
        r.destination = "ddr"
        for name in [n for n in step.reads if n in pad.inside]:
            pad.spill(name, r)
    r.held_bytes = min(pad.used_bytes, pad.resident_bytes)


def _settle(k: int, step: Placed, pad: Scratchpad, r: Residence, cut: str, outputs: Set[str]) -> None:
    """Note where the outputs are, and forget inputs that nobody needs any more."""
    if not step.steps:
        cut = next((pad.cuts[n] for n in step.reads if n in pad.cuts), cut)
    for name in step.writes:
        pad.cuts[name] = cut
        if r.destination == "ddr" or name in outputs:
            pad.in_ddr.add(name)
            by_itself = step.engine == "none" or (step.engine == "dma" and r.destination == "ddr")
            if not by_itself:
                r.writes.append((name, pad.sizes[name]))
        if r.destination == "scratchpad" and not pad.dead_after(name, k):
            pad.put(name)
    for name, _ in r.loads:
        pad.cuts[name] = cut
    for name in step.reads:
        if pad.dead_after(name, k):
            pad.take(name)


def _saved_in_place(k: int, step: Placed, pad: Scratchpad) -> float:
    """Bytes an element-wise step saves by writing over an input that nobody needs afterwards."""
    if not works_in_place(step):
        return 0.0
    size = pad.sizes[step.writes[0]]
    return size if any(pad.sizes[n] == size and pad.dead_after(n, k) for n in step.reads) else 0.0


def _follow(step: Placed, pad: Scratchpad, missing: list[str]) -> str:
    """Element-wise and DSP steps whose inputs all came from DDR leave their output there."""
    own = step.engine == "mac_array" and step.node.op_type not in FOLLOWING_PASSES
    if not pad.memory.follow_input or own or len(missing) < max(1, len(step.reads)):
        return "scratchpad"
    return "ddr"
