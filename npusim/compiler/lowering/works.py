"""What the works of a chosen lowering become for the node they serve: its element types, its layout, its time steps."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from npusim.compiler.cutting.split import ceil_to
from npusim.graph import LEAST_ZEROS, Contents, Graph, Node
from npusim.ops.counting import CHANNEL_BLOCK, FULL_GRID, most_even_rectangle
from npusim.work import MacOp, MacWork, Work

MOST_WORKS_A_STEP = 8  # of a recurrence
LEAST_ROUNDS = 3
WEIGHTS_AT = {"QLinearConv": 3, "QLinearMatMul": 3, "QGemm": 3}  # which input holds the weights; else 1
PACKED_WEIGHTS = (
    "MatMulNBits",
    "MatMulBnb4",
)  # their rule says how wide weights are, not the type of the tensor
WIDE_ROWS = 8  # pixels of a row of a product of 64 rows or more (Intel's schedules: 64 to 2,048 rows, not 48)
LEAST_WIDE_ROWS = 64
SIDE_BYTES = "npusim.side_bytes"  # what a fused product has stored beside its weights


def folded(steps: tuple[Work, ...]) -> tuple[tuple[Work, ...], tuple[int, ...]]:
    """Works that come again and again (the time steps of a recurrence) once, and how many times each runs."""
    count = len(steps)
    for first in (0, 1, 2):
        for period in range(1, min(MOST_WORKS_A_STEP, (count - first) // LEAST_ROUNDS) + 1):
            rounds, rest = divmod(count - first, period)
            if not rest and all(steps[i] is steps[i + period] for i in range(first, count - period)):
                return steps[: first + period], (1,) * first + (rounds,) * period
    return steps, ()


@lru_cache(maxsize=20_000)
def in_wide_rows(work: MacWork) -> MacWork:
    """A product's pixels eight to a row in place of four, where they fill such rows; a batch stays as it is, and so
    does one column (of what fills up the terms of an outer product)."""
    rows, rest = divmod(work.out_h * work.out_w, WIDE_ROWS)
    if work.op != MacOp.CONVOLUTION or work.groups > 1 or work.out_w == 1 or work.out_w >= WIDE_ROWS or rest:
        return work
    if rows * WIDE_ROWS < LEAST_WIDE_ROWS:
        return work
    return replace(work, out_h=int(rows), out_w=WIDE_ROWS, in_h=int(rows), in_w=WIDE_ROWS)


@lru_cache(maxsize=20_000)
def in_a_rectangle(work: MacWork) -> MacWork:
    """A product's pixels that would lie in padded fours as their most even rectangle, of two columns or of more than
    sixteen (226 rows as 113 x 2, 289 as 17 x 17 in Intel's schedules on all three NPUs; primes are padded)."""
    count = work.out_h * work.out_w
    if work.op != MacOp.CONVOLUTION or work.out_h % 1 == 0 or count <= FULL_GRID or count % 1:
        return work
    rows, columns = most_even_rectangle(int(count))
    return replace(work, out_h=rows, out_w=columns, in_h=rows, in_w=columns) if columns > 1 else work


@lru_cache(maxsize=20_000)
def in_one_column(work: MacWork) -> MacWork:
    """A product whose pixels stand one below the other (1x64x197x1 in Intel's schedules of batches of 197 rows)."""
    rows = work.out_h * work.out_w
    return replace(work, out_h=rows, out_w=1, in_h=rows, in_w=1)


@lru_cache(maxsize=20_000)
def _retyped(work: MacWork, in_bytes: float, weight: float, out_bytes: float, beside: float) -> MacWork:
    return replace(work, input_bytes=in_bytes, weight_bytes=weight, output_bytes=out_bytes, side_bytes=beside)


@lru_cache(maxsize=20_000)
def _supposed(work: MacWork, data: Contents | None, weights: Contents | None) -> MacWork:
    """A product with what is supposed of its operands; weights are compressed as constants only."""
    zeros = data.zeros if data else 0.0
    slots = data.slots if data else 1.0
    if weights is None:
        return replace(work, input_zeros=zeros, mac_slots=slots)
    share = 0.0
    if weights.found and weights.stored == 1.0 and not weights.zeros:
        weights, share = without_zeros(work, weights)
    return replace(
        work,
        input_zeros=zeros,
        weight_zeros=weights.zeros,
        weight_stored=weights.stored,
        weight_map=share,
        weight_read=weights.read,
        mac_slots=slots * weights.slots,
    )


def without_zeros(work: MacWork, weights: Contents) -> tuple[Contents, float]:
    """What Intel's compiler makes of weights of which `weights.found` are zero, on all three NPUs, and the map's share.

    From as many zeros on as a bit for each weight takes (of bytes that are multiplied with bytes an eighth, else a
    sixteenth), they are left out: each output channel has the numbers that are none, and the bits, both filled up to
    sixteen bytes. So in 66 products and convolutions of its schedules, 2 to 75 % zeros, 32 to 2,304 terms."""
    both = work.input_bytes == work.weight_bytes == 1.0
    if work.weight_groups > 1 or work.weight_bytes < 1.0 or weights.found <= (1 / 8 if both else LEAST_ZEROS):
        return weights, 0.0
    taps = work.kernel_h * work.kernel_w
    whole = taps * ceil_to(work.in_c, CHANNEL_BLOCK)
    kept = taps * work.in_c * work.weight_bytes * (1.0 - weights.found)
    filled = (CHANNEL_BLOCK - work.weight_bytes) / 2  # on the average
    bits = ceil_to(whole / 8, CHANNEL_BLOCK)
    stored = kept + filled + bits
    return replace(weights, zeros=weights.found, stored=stored / (whole * work.weight_bytes)), bits / stored


def of_zeros(steps: tuple[Work, ...]) -> str:
    """What the user is told of weights that are stored without their zeros; empty where all are stored."""
    zeros = [float(s.weight_zeros) for s in steps if isinstance(s, MacWork) and s.weight_map]
    return f"; {max(zeros):.0%} of its weights are zero in the file and are not stored" if zeros else ""


def with_types(steps: tuple[Work, ...], node: Node, graph: Graph) -> tuple[Work, ...]:
    """MAC works with the element sizes of the fused node: its output may have become 8-bit or fp16."""
    first, last = steps[0], steps[-1]
    if not any(isinstance(s, MacWork) for s in (first, last)):
        return steps
    data = graph.values[node.inputs[0]]
    at = WEIGHTS_AT.get(node.op_type, 1)
    second = graph.values[node.inputs[at]] if len(node.inputs) > at and node.inputs[at] else data
    packed = node.op_type in PACKED_WEIGHTS
    side = float(node.attribute(SIDE_BYTES, 0.0))
    out = graph.values[next(n for n in node.outputs if n)]
    changed = list(steps)
    for i, step in enumerate(steps):
        if isinstance(step, MacWork):
            into = data.dtype.npu_bytes if i == 0 else step.input_bytes
            outof = out.dtype.npu_bytes if i == len(steps) - 1 else step.output_bytes
            weight = second.dtype.npu_bytes if step.op == MacOp.CONVOLUTION else into
            if packed:
                weight = step.weight_bytes
            beside = side if side and step.op == MacOp.CONVOLUTION else step.side_bytes
            changed[i] = _retyped(step, _cap(into), _cap(weight), _cap(outof), beside)
            if step.op == MacOp.CONVOLUTION and (data.contents or second.contents):
                known = data.contents if i == 0 and not data.constant else None
                changed[i] = _supposed(changed[i], known, second.contents if second.constant else None)
    return tuple(changed)


def _cap(nbytes: float) -> float:
    """Element sizes the MAC array knows: 4-byte integers are computed as fp16."""
    return min(nbytes, 2.0)
