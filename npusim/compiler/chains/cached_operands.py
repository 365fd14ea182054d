"""What exporters do to queries and keys in front of a product, as Intel's compiler lays it out.

A number that scales an operand does the same to every element, so the operand is seen in whole sixteens of channels
whatever its heads: the least common multiple of heads and sixteen, the rest as the most even rectangle (4 heads of
1,025 x 256: 16 channels of 320 x 205, 9 of 2,001 x 64: 144 of 92 x 87, 14 of 1,025 x 64: 112 of 100 x 82; layers of
Gemma 2 and 3, SmolLM and Qwen 2.5 on 128 to 4,001 rows, three NPUs). Between kernels heads that fill no sixteens are
padded instead.

A mask added to the scores of one row is one row of keys with heads as channels: there are no rows for the tiles, so
every tile adds all of it (`Add/as_add: NCE.Eltwise Clustering` after 128 to 4,096 tokens: 16 x 4,001 in 7.8 us on NPU
5010, 9.3 on 4000, 13.2 on 3720).

Keys of one row's scores that fill no sixteens are padded in DDR, all of them copied, where a tile does not hold those
of its share of the heads with the tables of their channels; else as they are loaded (`expand_copy_2_15` alone; 60
layers after 128 to 4,096 tokens on NPU 4000 and 5010: loaded up to 1.39 MB a tile, copied from 1.49 on)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import lcm, prod

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.lowered import batch_of
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, TABLE_BYTES, most_even_rectangle
from npusim.work import EVERY_TILE, MacOp, MacWork


def scaled_operands(placed: list[Placed], values: Mapping[str, Value], tiles: int) -> list[Placed]:
    """The steps, such scales in whole sixteens and such additions on every tile."""
    batches = [s for s in placed if batch_of(s.steps) is not None]
    if not batches:
        return placed
    readers: dict[str, list[Placed]] = {}
    for step in placed:
        for name in step.reads:
            readers.setdefault(name, []).append(step)
    scores = {n for s in batches for n in s.writes}
    done = []
    for step in placed:
        work = step.only
        if isinstance(work, MacWork) and len(step.writes) == 1:
            shape = values[step.writes[0]].shape
            found = readers.get(step.writes[0], [])
            if _scales(step, values) and found and all(batch_of(s.steps) is not None for s in found):
                step = step._replace(steps=(_in_sixteens(work, shape),))
            elif tiles > 1 and _masks_a_row(step, work, shape) and not scores.isdisjoint(step.reads):
                step = step._replace(steps=(_on_every_tile(work, shape),))
        done.append(step)
    return done


def padded_as_loaded(
    placed: list[Placed], values: Mapping[str, Value], tiles: int, tile_bytes: float
) -> list[Placed]:
    """The steps, keys of one row's scores padded on their way where a tile holds those of all its heads."""
    done = []
    for step in placed:
        work = batch_of(step.steps) if len(step.padded) == 1 == len(step.steps) else None
        keys = step.reads[1] if work is not None and len(step.reads) > 1 and not step.fixed_bytes else ""
        row = work is not None and step.padded == (keys,) and work.out_h * work.out_w == 1
        if row and work is not None and -(-work.groups // tiles) * head_bytes(work) <= tile_bytes:
            step = step._replace(padded=())
        done.append(step)
    return done


def head_bytes(work: MacWork) -> float:
    """The right side of one problem of a batch, its channels padded to sixteens, and their tables."""
    terms = ceil_to(work.in_c, CHANNEL_BLOCK) * work.weight_bytes
    return float(ceil_to(work.out_c, CHANNEL_BLOCK) * (terms + TABLE_BYTES))


def _scales(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step multiplies heads by one number."""
    if step.lowering != "scale_shift" or step.node.op_type not in ("Mul", "Div"):
        return False
    number = any(values[n].constant and values[n].elements == 1 for n in step.node.inputs)
    return number and len(values[step.writes[0]].shape) == 4


def _in_sixteens(work: MacWork, shape: tuple[int, ...]) -> MacWork:
    channels, count = lcm(shape[1], CHANNEL_BLOCK), prod(shape)
    if shape[1] % CHANNEL_BLOCK == 0 or count % channels:
        return work
    h, w = most_even_rectangle(count // channels)
    return replace(work, out_h=h, in_h=h, out_w=w, in_w=w, out_c=channels, in_c=channels)


def _masks_a_row(step: Placed, work: MacWork, shape: tuple[int, ...]) -> bool:
    """Whether a step adds a mask to the scores of one row, [1, heads, 1, keys]."""
    row = len(shape) == 4 and shape[0] == shape[2] == 1 and min(shape[1], shape[3]) > 1
    return row and work.op == MacOp.ELTWISE and step.node.op_type == "Add"


def _on_every_tile(work: MacWork, shape: tuple[int, ...]) -> MacWork:
    _, heads, _, keys = shape
    channels = ceil_to(heads, CHANNEL_BLOCK)
    extents = {"out_h": 1, "in_h": 1, "out_w": keys, "in_w": keys, "out_c": channels, "in_c": channels}
    return replace(work, **extents, write_tiles=EVERY_TILE)
