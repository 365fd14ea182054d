"""Operands of an Einsum that are turned, and its result: steps of their own, so that equal ones are made once.

In Intel's schedules of Mamba-2 layers (heads of 64, 64 and 128 states, chunks of 64 to 256) what the DMA turns is
loaded into one tile, turned there and copied to the tiles that want it, where the tensor fits twice into a tile (0.79
MB of 2 MB, not of 1.5); else it goes piece by piece to DDR and back. What the MAC array turns goes through DDR."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.cutting.split import PIXELS_AT_ONCE
from npusim.compiler.lowering.filled_lines import fill_line
from npusim.compiler.lowering.lowered import main_engine
from npusim.compiler.lowering.place import TURNED, Placed, Placer
from npusim.compiler.sharing.distribution import COPIED, PARTS
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, PIXELS_PER_ROW, TABLE_BYTES
from npusim.ops.einsum import Moves, Step, Turn, contraction, terms_lead
from npusim.work import MacOp, MacWork, MoveWork, Work

OPERAND = "operand"
WHY = "an operand whose batch axes do not lead is turned first"
WHY_BACK = "a result is turned to the order in which it is read"
WHY_PADDED = "terms are padded to sixteen on the way to the MAC array"


def turned_by_steps(step: Placed, placer: Placer, values: dict[str, Value], one_kernel: bool) -> list[Placed]:
    """The steps of an Einsum of two activations: those that turn its operands, its product, one that turns the result.
    What is made is added to `values`; what is there already is not made again. `one_kernel`: the generation runs a
    batch as one kernel; else it is taken apart, and results are written where they belong."""
    found = _product_of(step, values)
    if found is None:
        return [step]
    names = [placer.root(n) for n in step.node.inputs]
    works = list(step.steps)
    filled = step.lowering == "turned_filled"
    added: list[Placed] = []
    reads: list[str] = []
    for i, (name, turn) in enumerate(zip(names, found.turned[:2], strict=True)):
        own = _taken(works, _trips(turn, filled)) if turn.moves is not Moves.NO else []
        if not i and not own and _fills_as_line(step, values, found):
            line, turn = (
                replace(values[name], shape=(1, found.k, found.m)),
                Turn(rows=found.k, channels=found.m),
            )
            by_law = placer.generation in placer.profile.memory.turns_in_strips
            own = list(fill_line(line, placer.tiles * placer.tile_bytes, by_law=by_law))
        expanded = _taken(works, 1) if i and own and _expands(works) else []
        if not own:
            reads.append(name)
            continue
        source = values[step.node.inputs[i]]
        out = _name(name, turn)
        if out not in values:
            values[out] = replace(source, name=out, constant=False)
            # Taken apart, the left operand of each problem is read from DDR.
            added.append(_turn(step, out, name, own, i > 0 or one_kernel, placer, values, WHY))
        if expanded:
            wide, padded = f"{out}/padded", (values[out].elements // found.k * CHANNEL_BLOCK,)
            if wide not in values:
                values[wide] = Value(wide, padded, source.dtype)
                pad: list[Work] = (
                    expanded[:1] if one_kernel else [MoveWork(0.0)]
                )  # by the strides of the loads
                added.append(_made(step, wide, out, pad, PARTS, WHY_PADDED))
            out = wide
        reads.append(out)
    product = works.pop(0)
    final = step.writes[0]
    back = found.turned[2]
    raw = final
    free = not one_kernel and back.moves is Moves.OUTER
    if works and not free:
        raw = f"{final}/made"
        values[raw] = replace(values[final], name=raw)
    kept = step.padded if names[0] == reads[0] and names[1] == reads[1] else ()
    added.append(
        step._replace(steps=(product,), reads=tuple(dict.fromkeys(reads)), writes=(raw,), padded=kept)
    )
    if raw != final:
        own = _taken(works, _trips(back, filled))
        added.append(_turn(step, final, raw, own, True, placer, values, WHY_BACK))
    return added


def _fills_as_line(step: Placed, values: dict[str, Value], found: Step) -> bool:
    """Whether terms of the left side that lie in front of its rows, no sixteens of them, are filled up as the channels
    of a line are, sixteen times their bytes through DDR (`pad_[0, 14, 0, 0]_expand_input/expand_input/expand_nhwc` of
    13, 18, 27 and 218 terms by 64 to 1,296 rows on three NPUs; not 26 by 81, nor 16 by 841; 44 by 4,096, in fours, are
    turned as they are). Twice the terms, in fours, cost less; rows that are columns nobody reads are written by degrees
    by law (`fill_line`)."""
    if found.groups > 1:
        return False
    uneven = found.k % PIXELS_PER_ROW > 0 and found.m % PIXELS_AT_ONCE == 0
    return uneven and terms_lead(str(step.node.attribute("equation", "")), values[step.node.inputs[0]].shape)


def stays_copied(step: Placed, values: dict[str, Value], tile_bytes: float) -> Placed:
    """An Expand that the DMA fills in inside one tile: whoever reads it gets a copy from there."""
    fits = step.node.op_type == "Expand" and step.engine == "dma"
    if fits and 2 * sum(values[n].npu_bytes for n in step.writes) <= tile_bytes:
        return step._replace(sharing=COPIED)
    return step


def table_bytes(step: Placed) -> float:
    """Bytes of the tables of a batch of products of two activations, 16 a channel and problem."""
    work = step.only
    if step.fixed_bytes or step.lowering not in TURNED or not isinstance(work, MacWork):
        return 0.0
    return float(work.groups * work.out_c * TABLE_BYTES) if work.op == MacOp.CONVOLUTION else 0.0


def _product_of(step: Placed, values: dict[str, Value]) -> Step | None:
    """The one product of a step whose operands are turned, where both are activations."""
    node = step.node
    if step.lowering not in TURNED or node.op_type != "Einsum" or len(node.inputs) != 2 or step.times:
        return None
    if any(values[n].constant for n in node.inputs) or len(step.writes) != 1:
        return None
    shapes = tuple(values[n].shape for n in node.inputs)
    found = contraction(str(node.attribute("equation", "")), shapes)
    return found.steps[0] if len(found.steps) == 1 else None


def _trips(turn: Turn, filled: bool) -> int:
    """How often a tensor crosses DDR while it is turned."""
    uneven = turn.channels % CHANNEL_BLOCK > 0
    return 1 + (filled and turn.lead > 1 and uneven and turn.moves is Moves.INNERMOST)


def _taken(works: list[Work], trips: int) -> list[Work]:
    """The works up to the end of so many round trips, the last trip left out."""
    own: list[Work] = []
    while trips and works:
        own.append(works.pop(0))
        trips -= _is_load(own[-1])
    return own[:-2]


def _is_load(work: Work) -> bool:
    return isinstance(work, MoveWork) and work.source == "ddr"


def _expands(works: list[Work]) -> bool:
    """Whether a convolution that pads terms stands in front of the product."""
    behind = works[1] if len(works) > 3 else None
    return isinstance(behind, MoveWork) and behind.destination == "ddr"


def _name(name: str, turn: Turn) -> str:
    return f"{name}/{turn.lead}x{turn.rows}x{turn.channels}{'o' if turn.moves is Moves.OUTER else ''}"


def _turn(
    step: Placed,
    out: str,
    source: str,
    works: list[Work],
    inside: bool,
    placer: Placer,
    values: dict[str, Value],
    why: str,
) -> Placed:
    by_dma = all(isinstance(w, MoveWork) for w in works)
    fits = by_dma and inside and 2 * values[out].npu_bytes <= placer.tile_bytes
    return _made(step, out, source, works, COPIED if fits else PARTS, why)


def _made(step: Placed, out: str, source: str, works: list[Work], sharing: str, why: str) -> Placed:
    node = Node(out, "Transpose", (source,), (out,), repeats=step.node.repeats)
    steps = tuple(works)
    return Placed(
        node, OPERAND, steps, main_engine(steps), why, (source,), (out,), 0.0, 0.0, sharing=sharing
    )  # fmt: skip
