"""Attention without a mask whose heads go one by one from the projections on (NPU 4000 and 5010).

Intel's compiler cuts queries, keys and values out of their products: a convolution a head (`matmul_inputQ_slice_N`,
`matmul_inputK_slice_N`, `v_slice_N` in its schedules), each with its share of the weights. Nothing is turned then, and
product, softmax and product follow head by head. It does so where queries and keys fill whole sixteens and are 64 or
more, and no mask, bias or guard stands between (64 to 1,024 rows, 1 to 12 heads of 32 and 64; not at 16, 32 and 48
rows, nor at 100, 197 or 257), and of one sequence: of 4 x 128 and 2 x 256 rows all heads are one batch of products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from npusim.compiler.chains.chains import STRIPS_HELD, Strips, attention_of, is_softmax
from npusim.compiler.cutting.split import Blocks
from npusim.compiler.lowering.choosing import STRIDED
from npusim.compiler.lowering.head_cuts import GATHERED, LEAST_OF_OTHERS, LEAST_ROWS, NO_HEADS, Heads
from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.works import WIDE_ROWS
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import ROW_LIMIT
from npusim.compiler.sharing.pieces import convolution_of
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacWork, MoveWork


def heads_apart(
    placed: list[Placed], values: Mapping[str, Value], outputs: Set[str]
) -> tuple[list[Placed], Heads]:
    """The steps without the passes that turn queries and keys, and what goes head by head."""
    candidates = [s for s in placed if is_softmax(s)]
    if not candidates:
        return placed, NO_HEADS
    maker: dict[str, Placed] = {}
    readers: dict[str, list[Placed]] = {}
    for step in placed:
        for name in step.reads:
            readers.setdefault(name, []).append(step)
        maker |= dict.fromkeys(step.writes, step)
    softmax: set[str] = set()
    queries: dict[str, int] = {}
    others: dict[str, int] = {}
    instead: dict[str, str] = {}
    results: dict[str, float] = {}  # of the second products -> rows
    for step in candidates:
        first, last = maker.get(step.reads[0]), readers.get(step.writes[0], [])
        work = convolution_of(first) if first is not None else None
        if first is None or work is None or len(first.reads) != 2 or readers[step.reads[0]] != [step]:
            continue
        if len(last) != 1 or convolution_of(last[0]) is None or len(last[0].reads) != 2:
            continue
        names = (*first.reads, last[0].reads[1])
        # Of one sequence: a batch stays a batch of products.
        rows = work.out_h * work.out_w, work.out_c, work.out_c
        made = [
            _projection(n, int(work.groups), m, maker, readers, outputs)
            for n, m in zip(names, rows, strict=True)
        ]
        if not fills_heads(work, len({maker[m].reads for m in made if m})) or None in made:
            continue
        q, *kv = [m for m in made if m]
        softmax.add(step.writes[0])
        queries[q] = int(work.groups)
        others |= dict.fromkeys(kv, int(work.groups))
        instead |= {n: m for n, m in zip(names, (q, *kv), strict=True) if n != m}
        results[last[0].writes[0]] = work.out_h * work.out_w
    if not softmax:
        return placed, NO_HEADS
    steps = (_read_instead(s, instead) for s in placed if instead.keys().isdisjoint(s.writes))
    return [_gathered(s, results, values) for s in steps], Heads(frozenset(softmax), queries, others)


def _read_instead(step: Placed, instead: Mapping[str, str]) -> Placed:
    """A step that reads what a product made, in heads filled up to sixteens, not what a pass turned."""
    if instead.keys().isdisjoint(step.reads):
        return step
    reads = tuple(instead.get(n, n) for n in step.reads)
    padded = tuple(n for n in step.padded if n not in instead)
    return step._replace(reads=reads, reshaped=step.reshaped | (set(reads) - set(step.reads)), padded=padded)


def _gathered(step: Placed, results: Mapping[str, float], values: Mapping[str, Value]) -> Placed:
    """What puts the heads' results side by side: copies within DDR, where the product behind is shared over rows; else
    nothing, that product reads them so."""
    rows = results.get(step.reads[0], 0) if step.reads and step.node.op_type == "Transpose" else 0
    if not rows:
        return step
    why = "heads are put side by side in DDR"
    if rows <= ROW_LIMIT:
        return step._replace(
            lowering=STRIDED, engine="none", steps=(), reason="its reader puts heads side by side"
        )
    work = MoveWork(values[step.writes[0]].npu_bytes)
    return step._replace(lowering=GATHERED, engine="dma", steps=(work,), reason=why)


def fills_heads(work: MacWork, sources: int) -> bool:
    """Whether queries and keys of a batched product are cut out of what makes them. `sources`: tensors they are made
    of."""
    rows, keys = work.out_h * work.out_w, work.out_c
    large = min(rows, keys) >= (LEAST_ROWS if sources == 1 else LEAST_OF_OTHERS) and work.groups > 1
    return bool(large and rows % CHANNEL_BLOCK == 0 and keys % CHANNEL_BLOCK == 0)


def _projection(
    name: str,
    heads: int,
    rows: float,
    maker: Mapping[str, Placed],
    readers: Mapping[str, list[Placed]],
    outputs: Set[str],
) -> str | None:
    """The result of the product of `rows` by weights that `name` is, turned or not, where nothing else reads it."""
    made = maker.get(name)
    if made is not None and made.node.op_type == "Transpose" and len(readers[name]) == 1:
        name = made.reads[0]
        made = maker.get(name)
    if made is None or name in outputs or len(readers[name]) != 1:
        return None
    work = convolution_of(made)
    whole = work is not None and made.node.op_type in PRODUCTS and work.groups == 1
    fits = whole and made.fixed_bytes and work is not None and work.out_c % heads == 0
    fits = fits and work is not None and work.out_h * work.out_w == rows
    return name if fits else None


def cut_by_heads(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """A product of weights cut into heads: what it reads waits inside, weights arrive head by head. Keys and values of
    up to `ROW_LIMIT` rows are made over channels for all tiles, and stay; so do queries of more rows, each on the tile
    that asks for it, or on NPU 5010 of rows that are whole eights on every tile."""
    name, work = step.writes[0], convolution_of(step)
    assert work is not None
    heads = scratchpad.heads.queries.get(name) or scratchpad.heads.others[name]
    rows = work.out_h * work.out_w
    stays = rows <= ROW_LIMIT if name in scratchpad.heads.others else queries_stay(rows, scratchpad)
    r.blocks, r.pieces, r.destination = Blocks(channels=heads), heads, "scratchpad" if stays else "ddr"
    r.weights_held, r.weights_until = min(1.0, 2 / heads) * step.fixed_bytes, 1.0
    r.reason = f"cut out head by head, {heads} convolutions, as for attention without a mask"


def queries_stay(rows: float, scratchpad: Scratchpad) -> bool:
    """Whether queries of a head lie across the tiles as their products want them."""
    if scratchpad.row_pixels == WIDE_ROWS:
        return rows % (WIDE_ROWS * scratchpad.tiles) == 0
    return rows > ROW_LIMIT


def head_chain(k: int, steps: Sequence[Placed], scratchpad: Scratchpad, tile_bytes: float) -> list[Residence]:
    """Attention of heads that were cut out of their products: one after another, each whole where it fits."""
    whole = attention_of(list(steps))
    assert whole is not None
    first, last = steps[0], steps[-1]
    heads, rows = int(whole.first.groups), whole.first.out_h * whole.first.out_w
    strips = whole.strips(scratchpad.tiles, tile_bytes)
    if strips is None:
        return []
    if strips.blocks.groups < heads:
        strips = Strips(Blocks(groups=heads), 1)
    made = {n for s in steps[:-1] for n in s.writes}
    reads = tuple(dict.fromkeys(n for s in steps for n in s.reads if n not in made))
    r = Residence()
    room = sum(scratchpad.sizes[n] for n in (*reads, *last.writes)) + STRIPS_HELD * whole.score_bytes / heads
    scratchpad.make_room(k, first._replace(reads=reads), r, min(room, scratchpad.resident_bytes))
    if strips.blocks.rows > 1:
        scratchpad.spill_all(reads, r)
    scaled = (
        3 if scratchpad.row_pixels == WIDE_ROWS else 1
    )  # queries that a pass scales: read, written and read
    for name in reads:
        if scratchpad.holder(name) is None:
            again = scaled if name == first.reads[0] and not queries_stay(rows, scratchpad) else 1
            again = max(again, strips.key_reads if name != first.reads[0] else 1)
            r.loads.append((name, scratchpad.sizes[name] * again, strips.blocks.pieces))
    found = [r, *(Residence() for _ in steps[1:])]
    for one, step in zip(found, steps, strict=True):
        one.pieces, one.blocks, one.destination = strips.blocks.pieces, strips.blocks, "next"
        one.fixed_traffic = one.weights_held = step.fixed_bytes
        one.held_bytes = min(room, scratchpad.resident_bytes)
        one.follows = frozenset(made & set(step.reads))
        one.reason = f"cut together with its neighbours: {strips.reason}"
    found[-1].destination = "ddr"
    return found
