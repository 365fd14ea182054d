"""Matrix products: MatMul, Gemm, Einsum and their quantised kin.

A product [M,K] x [K,N] is a 1x1 convolution of M pixels, K input and N output channels. Where both
sides carry batches there is one problem per batch (`groups`); a right side without batches is shared
and its batches are simply more pixels. The order of a right-hand activation ([N,K] in memory for
the MAC array) is not charged here: the producer writes it so.
"""

from __future__ import annotations

from dataclasses import replace
from math import lcm, prod

from npusim.graph import Value
from npusim.ops.counting import (
    CHANNEL_BLOCK,
    TABLE_BYTES,
    copy,
    ddr_round_trip,
    dsp,
    on_mac_array,
    one_tap,
    per_element,
    pixels,
    product,
    vector,
)
from npusim.ops.einsum import Contraction, Moves, Step, Turn, contraction
from npusim.ops.registry import VIEW, OpCase, op
from npusim.work import Lowering, MacOp, MacWork, Work

MAC = ("mac_array",)
MICROSOFT = "com.microsoft"


def matmul_extents(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """(M, K, N, groups) of NumPy's matmul, or None if the shapes do not fit."""
    if not left or not right:
        return None
    left = (1, *left) if len(left) == 1 else left
    right = (*right, 1) if len(right) == 1 else right
    if left[-1] != right[-2]:
        return None
    rank = max(len(left), len(right))
    batch_left = (1,) * (rank - len(left)) + left[:-2]
    batch_right = (1,) * (rank - len(right)) + right[:-2]
    groups, m = 1, left[-2]
    for a, b in zip(batch_left, batch_right, strict=True):
        if a != b and 1 not in (a, b):
            return None
        if b == 1:
            m *= a  # the right side is shared: more pixels
        else:
            groups *= b
    return m, left[-1], right[-1], groups


def matmul_lowering(c: OpCase, left: Value, right: Value, a: tuple[int, ...], b: tuple[int, ...]) -> Lowering:
    extents = matmul_extents(a, b)
    if extents is None:
        raise c.wrong(f"cannot multiply {list(a)} by {list(b)}")
    m, k, n, groups = extents
    return Lowering("mac_array", (product(m, k, n, groups, left, right, c.output),))


@op("MatMul", "MatMulInteger", lowerings=MAC)
def matmul(c: OpCase) -> Lowering:
    """`npusim.shared` (of the compiler): so many problems of the left side in a row share one of the right side.

    The columns of outer products are filled up to sixteen terms by a convolution of sixteen of them a pixel, in one
    column of pixels, its result through DDR (`outer_product_as_matmul/expand_in1/expand_nhwc/as_convolution` in Intel's
    schedules: 1x16x341x1 to 256 channels on NPU 5010, 1x16x256x1 on 4000)."""
    left, right = c.input(0), c.input(1)
    if shared := int(c.attr("npusim.shared", 0)):
        *batch, m, k = left.shape
        work = product(m * shared, k, right.shape[-1], prod(batch) // shared, left, right, c.output)
        return Lowering("mac_array", (work,))
    found = matmul_lowering(c, left, right, left.shape, right.shape)
    if c.attr("contraction_of", ()) and left.shape[-1] == 1 and left.elements % CHANNEL_BLOCK == 0:
        size = left.dtype.npu_bytes
        pad = _padding(left.elements // CHANNEL_BLOCK, 1, 1, size)
        filled = tuple(replace(w, in_c=CHANNEL_BLOCK) for w in found.steps if isinstance(w, MacWork))
        return replace(found, steps=(pad, *ddr_round_trip(left.elements * CHANNEL_BLOCK * size), *filled))
    return found


@op("FusedMatMul", "TransposeMatMul", domain=MICROSOFT, lowerings=MAC)
def fused_matmul(c: OpCase) -> Lowering:
    return gemm_lowering(c, c.input(0), c.input(1))


@op("QLinearMatMul", lowerings=MAC)
def qlinear_matmul(c: OpCase) -> Lowering:
    left, right = c.input(0), c.input(3)
    return matmul_lowering(c, left, right, left.shape, right.shape)


@op("Gemm", lowerings=MAC)
def gemm(c: OpCase) -> Lowering:
    return gemm_lowering(c, c.input(0), c.input(1))


@op("QGemm", domain=MICROSOFT, lowerings=MAC)
def qgemm(c: OpCase) -> Lowering:
    return gemm_lowering(c, c.input(0), c.input(3))


@op("MatMulNBits", domain=MICROSOFT, lowerings=MAC)
def matmul_nbits(c: OpCase) -> Lowering:
    """Weights packed in blocks of `bits`-bit numbers, with a scale and perhaps a zero point each: K and N are
    attributes, M is the rest of the input."""
    left = c.input(0)
    k, n, bits = int(c.attr("K")), int(c.attr("N")), int(c.attr("bits", 4))
    work = product(left.elements // k, k, n, 1, left, left, c.output)
    beside = [c.input(i) for i in range(2, min(len(c.inputs), 4)) if c.has(i)]
    side = sum(v.elements * v.dtype.bits / 8 for v in beside) if int(c.attr("block_size", k)) < k else 0.0
    side = max(0.0, side - TABLE_BYTES * n)
    return Lowering("mac_array", (replace(work, weight_bytes=bits / 8, side_bytes=side),))


@op("MatMulIntegerToFloat", "DynamicQuantizeMatMul", domain=MICROSOFT, lowerings=MAC)
def matmul_to_float(c: OpCase) -> Lowering:
    left, right = c.input(0), c.input(1)
    return matmul_lowering(c, left, right, left.shape, right.shape)


@op(
    "Einsum",
    lowerings=("turned_filled", "turned", "mac_array", "decomposed", "dsp", "dma_permute", "view"),
    kernels=("mul", "reduce_sum", "gather"),
)
def einsum(c: OpCase) -> tuple[Lowering, ...]:
    """Contractions are matrix products; without a contracted letter it is an elementwise product. `turned`: with
    the passes that bring operands and result into another order, where their batch letters do not lead;
    `turned_filled`: by the MAC array in place of the DMA where an innermost axis fills no sixteens."""
    values = [value for value in c.inputs if value is not None]
    where = f" (node '{c.node.name}')"
    found = contraction(str(c.attr("equation", "")), tuple(v.shape for v in values), where)
    if len(values) == 1:
        return _one_operand(c, found)
    works: list[Work] = []
    turned: dict[str, list[Work]] = {"turned_filled": [], "turned": []}
    plain = False
    for step, right in zip(found.steps, values[1:], strict=True):
        size = step.groups * step.m * step.n
        if step.summed:
            works.append(vector(c, "reduce_sum", step.summed, size, size))
        if step.contracted:
            sizes = (step.m * step.k, step.k * step.n, step.m * step.n)
            work = product(step.m, step.k, step.n, step.groups, values[0], right, c.output)
            works.append(work)
            for way, found_works in turned.items():
                left, other, result = (
                    _through_ddr(step.groups * size, turn, c, way == "turned_filled")
                    for size, turn in zip(sizes, step.turned, strict=True)
                )
                if other:
                    other += _expanded(step, c)
                found_works += [*left, *other, work, *result]
        else:
            plain = True
            works.append(vector(c, "mul", size, 1, size))
    if len(works) == 1 and plain:
        passes = (Lowering("mac_array", (per_element(c),)),) if on_mac_array(c.output) else ()
        return (*passes, dsp(c, "mul"))
    name = "mac_array" if all(step.contracted and not step.summed for step in found.steps) else "decomposed"
    found_ways = (Lowering(name, tuple(works)),)
    if name == "mac_array" and len(turned["turned"]) > len(works):
        filled, by_dma = (Lowering(way, tuple(steps)) for way, steps in turned.items())
        return (*((filled,) if filled.steps != by_dma.steps else ()), by_dma, *found_ways)
    return found_ways


def _through_ddr(elements: int, turn: Turn, c: OpCase, fills: bool) -> list[Work]:
    """A pass that writes an operand or the result in another order, through DDR, as in Intel's schedules (Mamba-2
    layers of 64 to 2,048 tokens): by DMA where the innermost axis stays in several parts, or moves and is no multiple
    of 16 (unless padding `fills` it first); else by the MAC array, which turns several parts many times slower than
    one."""
    if turn.moves is Moves.NO:
        return []
    size = c.output.dtype.npu_bytes
    crossing = ddr_round_trip(elements * size)
    outer = turn.moves is Moves.OUTER
    uneven = turn.channels % CHANNEL_BLOCK > 0
    if fills and turn.lead > 1 and uneven and not outer:
        return [*_filled(elements, turn, size), *crossing]
    if turn.lead > 1 and (outer or uneven):
        return [copy(elements * size), *crossing]
    channels = CHANNEL_BLOCK if elements % CHANNEL_BLOCK == 0 else 1
    rows, columns = pixels(elements // channels)
    op_mode = MacOp.MAX_POOL
    if not outer and (turn.lead > 1 or turn.rows < CHANNEL_BLOCK):
        op_mode, rows, columns, channels = MacOp.PERMUTE_PARTS, turn.lead, turn.rows, turn.channels
        if turn.lead == 1:
            rows, columns = turn.rows, 1
    return [one_tap(op_mode, rows, columns, channels, size), *crossing]


def _filled(elements: int, turn: Turn, size: float) -> list[Work]:
    """An operand whose innermost axis moves and is no multiple of sixteen: a convolution of as many of its rows as fill
    sixteens together pads each, through DDR, then it is turned (`memperm_NCWH/expand/expand_nhwc/as_convolution`, 48
    channels to 64 for 24 heads, and `to_maxpool` in Intel's schedules of Mamba-2)."""
    full = _filled_up(turn.channels)
    rows, columns = pixels(-(-elements // turn.channels // _together(turn.channels)))
    turned = one_tap(MacOp.PERMUTE_PARTS, turn.lead, turn.rows, full, size)
    padding = _padding(rows, columns, turn.channels, size)
    return [padding, *ddr_round_trip(elements / turn.channels * full * size), turned]


def _expanded(step: Step, c: OpCase) -> list[Work]:
    """The right side of products of few terms with its terms padded to sixteen: a convolution of as many of its rows as
    fill sixteens together, in one row of pixels, its result through DDR (`expand_in2_ic/expand_nhwc/as_convolution` in
    Intel's schedules: 1x144x1x768 to 256 channels for 9 terms, 1x16x1x1366 to 128 for 2)."""
    rows = step.groups * step.n
    together = _together(step.k)
    if step.k >= CHANNEL_BLOCK or rows % together:
        return []
    size = c.output.dtype.npu_bytes
    return [_padding(1, rows // together, step.k, size), *ddr_round_trip(rows * CHANNEL_BLOCK * size)]


def _padding(h: float, w: float, terms: int, size: float) -> MacWork:
    """The convolution that pads rows of terms to whole sixteens, as many rows a pixel as fill sixteens together."""
    together = _together(terms)
    return one_tap(MacOp.CONVOLUTION, h, w, _filled_up(terms) * together, size, terms=terms * together)


def _together(terms: int) -> int:
    """Rows of so many terms that fill sixteens together."""
    return lcm(terms, CHANNEL_BLOCK) // terms


def _filled_up(terms: int) -> int:
    return -(-terms // CHANNEL_BLOCK) * CHANNEL_BLOCK


def _one_operand(c: OpCase, found: Contraction) -> tuple[Lowering, ...]:
    source, out = c.input(0), c.output
    if found.reduces:
        return (dsp(c, "reduce_sum", source.elements, out.elements, out.elements),)
    if found.diagonal:
        return (dsp(c, "gather"),)
    if not found.moves:
        return (VIEW,)
    return (Lowering("dma_permute", (copy(out.npu_bytes, out.elements),)),)


def gemm_lowering(c: OpCase, left: Value, right: Value) -> Lowering:
    """A product whose sides may lie transposed (attributes `transA`, `transB`)."""
    a = _swapped(left.shape) if c.attr("transA", 0) else left.shape
    b = _swapped(right.shape) if c.attr("transB", 0) else right.shape
    return matmul_lowering(c, left, right, a, b)


def _swapped(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2]) if len(shape) > 1 else shape
