"""What follows of a node from the works chosen for it: its engine, its constants, its padding, how far it spreads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod

from npusim.compiler.cutting.split import weight_bytes
from npusim.compiler.rules.profile import CompilerProfile
from npusim.graph import DType, Graph, Node
from npusim.ops.structure import broadcast_runs
from npusim.work import MacOp, MacWork, VectorWork, Work

PRODUCTS = ("MatMul", "Gemm", "FusedMatMul", "Einsum")
#: Weights of fewer terms are filled up by a transfer, see `padded_rows`: of 49 they are, of 197 not.
FEW_TERMS = 64
# By whether the generation runs a batch as one kernel (NPU 4000, 5010) or not (3720).
# As elements that the DMA turns at 64 a cycle, two ports together: 39.8 us for 8,192 rows on NPU 3720, 7.4 for 4,096 on
# 5010.
PADDED_ROW_ELEMENTS = {False: 64 * 4.8, True: 64 * 2.1}
MOST_SHARED_ROWS = {False: 64, True: 129}  # of a product: of fewer the tiles share its channels
MOST_SHARED_AXES = 3  # of a tensor that the tiles share: channels, rows, columns; a batch is not shared
LARGE_RESULT = 100_000  # elements of a problem: a kernel makes whole batches of 65,536, not of 147,456
LARGE_OPERAND = 1 << 19  # ... of its left side: 332,929, not 1,048,576 (Intel's schedules)
#: Of a table that a kernel picks rows from and that is loaded whole (Intel's schedules: 640 KB are, 2.5 MB are not).
WHOLE_TABLE_BYTES = 3 << 19
ENLARGING = ("Resize", "Upsample")
INDEXED = ("Gather", "GatherElements", "GatherND", "GatherBlockQuantized")

# A larger image is not filled up as it is loaded (12 x 709 x 709 of LayoutLMv3's relative positions).
MOST_FILLED_BYTES = 2**20
PASSES = ("Add", "Sub", "Mul", "Div", "Max", "Min")


def stored_share(steps: tuple[Work, ...]) -> float:
    """Bytes of a step's weights in memory over those of their types."""
    mac = [s for s in steps if isinstance(s, MacWork)]
    whole = sum(weight_bytes(s) for s in mac)
    return sum(weight_bytes(s, float(s.weight_stored)) for s in mac) / whole if whole else 1.0


def padded_activations(
    steps: tuple[Work, ...],
    reads: tuple[str, ...],
    node: Node,
    graph: Graph,
    one_kernel: bool,
    fixed: float,
) -> tuple[str, ...]:
    """Activations of a product or an element-wise pass that fill neither sixteens of channels nor fours of rows.

    Intel's schedules copy them: a product of 577 rows its input and its result (`aligned`), one over 1,000 terms its
    input (`expand_act_channels`); on generations that run a batch of two activations (no `fixed` bytes) as one kernel
    (`one_kernel`) less, and of one row its right side (keys of a decode step: `MatMul/expanded`). An image
    that enters the graph is filled up as it is loaded (2,178 numbers as 33 rows of 66, of 80 in the scratchpads), and
    what is added to it stays so. A result stands here once for each time it is copied: problem by problem out of its
    padding and into its place (`slice_out`, `out_concat`)."""
    first = steps[0] if steps else None
    if not isinstance(first, MacWork):
        return ()
    outputs = tuple(n for n in node.outputs if n)
    if first.op == MacOp.CONVOLUTION and node.op_type in PRODUCTS:
        rows, batch = first.out_h * first.out_w, first.groups > 1
        together = one_kernel and not fixed and fits_a_kernel(first)
        uneven = (
            rows > 4 and first.out_h % 1 != 0 and not together
        )  # of four columns the last row is not full
        padded = first.in_c % 16 != 0 and not together and (batch or not one_kernel)
        twice = uneven and batch and first.out_c % 16 != 0
        copies = uneven + twice + (batch and not one_kernel and nested(node, graph))
        right = one_kernel and batch and not fixed and first.out_c % 16 != 0 and rows == 1
        return (reads[:1] if uneven or padded else ()) + reads[1:] * right + outputs * copies
    filled = first.out_c % 16 == 0  # as it is loaded, npusim.compiler.lowering.uneven_passes
    if first.op == MacOp.ELTWISE and not filled and graph.values[outputs[0]].elements % 16:
        same = graph.values[outputs[0]].elements
        alike = tuple(n for n in reads if graph.values[n].elements == same)
        image = len(graph.values[outputs[0]].shape) == 4
        fits = graph.values[outputs[0]].npu_bytes <= MOST_FILLED_BYTES
        entering = image and fits and len(alike) > 1 and _enters(alike, graph)
        return () if entering else alike + outputs
    return ()


def _enters(names: tuple[str, ...], graph: Graph) -> bool:
    """Whether tensors are the graph's inputs, one at least, and what passes over two tensors made (what a convolution
    made is copied, 37 channels of 62 x 62)."""
    made = {n for node in graph.nodes if node.op_type in PASSES for n in node.outputs}
    inputs = set(graph.inputs)
    return not inputs.isdisjoint(names) and set(names) <= inputs | made


def convolutions_of(works: Iterable[Work]) -> list[MacWork]:
    """The convolutions among works: products, and the slices of a window that is cut."""
    return [w for w in works if isinstance(w, MacWork) and w.op == MacOp.CONVOLUTION]


def batch_of(steps: tuple[Work, ...]) -> MacWork | None:
    """The product or convolution of a step, where it is a batch of several."""
    work = next((w for w in steps if isinstance(w, MacWork) and w.op == MacOp.CONVOLUTION), None)
    return work if work is not None and work.groups > 1 else None


def own_constants(steps: tuple[Work, ...], constant_bytes: float) -> MacWork | None:
    """The product of a step, where it is a batch of several with a constant each."""
    work = batch_of(steps) if constant_bytes else None
    if work is None:
        return None
    # One for all problems is a share of these.
    all_bytes = work.groups * work.in_c * work.out_c * work.weight_bytes
    return work if 2 * constant_bytes > all_bytes else None


def multiplies_weights(op_type: str, steps: tuple[Work, ...], constant_bytes: float) -> bool:
    """Whether a step is one product of activations by weights."""
    work = steps[0] if len(steps) == 1 and constant_bytes else None
    product = isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION and work.groups == 1
    return product and op_type in PRODUCTS


def is_elementwise_pass(steps: tuple[Work, ...]) -> bool:
    """Whether the works of a step are one element-wise pass of the MAC array."""
    work = steps[0] if len(steps) == 1 else None
    return isinstance(work, MacWork) and work.op == MacOp.ELTWISE


def fits_a_kernel(work: MacWork) -> bool:
    """Whether problems of a batch are small enough for one kernel, where there is one for batches."""
    rows = work.out_h * work.out_w
    small = rows * work.out_c <= LARGE_RESULT and rows * work.in_c <= LARGE_OPERAND
    return bool(work.groups > 1 and small)


def nested(node: Node, graph: Graph) -> bool:
    """Whether a batch has two axes: where it is taken apart, its results are copied into their places (`out_concat` for
    16 x 6 products of 64 x 32 x 64, not for 12 or 128)."""
    shape = graph.values[node.outputs[0]].shape
    return node.op_type == "MatMul" and sum(n > 1 for n in shape[:-2]) > 1


def main_engine(steps: tuple[Work, ...]) -> str:
    """The engine of the op's own work: a product beats a kernel, a kernel beats the pass that scales it."""
    mac = [s for s in steps if isinstance(s, MacWork)]
    if any(s.op == MacOp.CONVOLUTION for s in mac):
        return "mac_array"
    kernels = [s.engine for s in steps if isinstance(s, VectorWork)]
    if kernels:
        return "extra" if "extra" in kernels else "dsp"
    return "mac_array" if mac else "dma"


def fixed_bytes(
    node: Node, steps: tuple[Work, ...], graph: Graph, tile_bytes: float, written_out: bool = False
) -> float:
    """Bytes of constants that a node needs inside. Of a table only the rows that are asked for leave DDR, but where a
    kernel picks them and the table is small (Intel's schedules: 26 of 5,000 x 64 are loaded whole for one row each,
    20,000 x 64 are not). `written_out`: a constant that is added is stored in the size of the
    result. An image that is read at addresses is enlarged by a convolution that makes each channel of itself alone: of
    its weights one a tap is stored beside the map of all (1,024 channels, nine taps: 1,152 bytes of map and 32 of
    weights a channel, 1.2 MB)."""
    values = graph.values
    if node.op_type in INDEXED:
        table = values[node.inputs[0]]
        if not table.constant:
            return 0.0
        result = sum(values[n].npu_bytes for n in node.outputs if n)
        kernel = any(isinstance(s, VectorWork) for s in steps)
        if kernel and (table.npu_bytes <= WHOLE_TABLE_BYTES or result > tile_bytes):
            return table.npu_bytes  # a large result is gathered column by column, and all columns pass inside
        return sum(values[n].npu_bytes for n in node.outputs if n)
    constants = [
        values[n] for n in node.inputs if n and values[n].constant and values[n].dtype is not DType.STRING
    ]
    second_is_weights = len(node.inputs) > 1 and bool(node.inputs[1]) and values[node.inputs[1]].constant
    mac = [s for s in steps if isinstance(s, MacWork)]
    if node.op_type in ENLARGING and mac and mac[0].op == MacOp.CONVOLUTION:
        return sum(weight_bytes(replace(s, weight_groups=s.out_c)) for s in mac)
    if len(steps) == 1 and mac and mac[0].op == MacOp.ELTWISE:  # a mask or bias added to scores
        out = values[node.outputs[0]]
        added = [v for v in constants if v.dtype.is_float]
        each = out.elements if written_out else 0
        return float(sum(max(v.elements, each) * v.dtype.npu_bytes for v in added))
    if mac and (second_is_weights or not constants):
        if second_is_weights or not any(s.op == MacOp.CONVOLUTION for s in mac):
            return float(sum(weight_bytes(s) for s in mac))
        return 0.0
    return float(sum(v.npu_bytes for v in constants))


def padded_rows(node: Node, steps: tuple[Work, ...], fixed: float, one_kernel: bool) -> int:
    """Rows of weights that a transfer of their own fills up to sixteens of terms, where few terms are no sixteens and
    the tiles share the channels of few rows (Intel's schedules: 1, 3, 8, 24 and 49 terms by 1,024 to 8,192 channels,
    not 197 or 1,000, which are stored so; on NPU 5010 not below 16 terms of fewer than 16 rows)."""
    work = steps[0] if len(steps) == 1 else None
    if not isinstance(work, MacWork) or not fixed or node.op_type not in PRODUCTS:
        return 0
    rows = work.out_h * work.out_w
    few = work.in_c < FEW_TERMS and work.in_c % 16 and work.groups == 1
    shared = rows < MOST_SHARED_ROWS[one_kernel] and work.out_c > 16
    autopads = one_kernel and work.in_c < 16 and rows < 16
    return int(work.out_c) if few and shared and not autopads else 0


def on_every_tile(node: Node, steps: tuple[Work, ...], graph: Graph) -> bool:
    """Whether every tile runs all of an element-wise kernel: where nothing is left to share once axes that broadcast
    alike are one (`Clustering` in Intel's schedules: 8,192 elements along one axis; 3 x 16 x 49 x 128 by 16 x 1 x 128,
    whose first of four axes is a batch of one operand only)."""
    work = steps[0] if len(steps) == 1 else None
    if not isinstance(work, VectorWork) or work.rows > 1:
        return False
    out = graph.values[node.outputs[0]].shape
    if work.elements != prod(out) or work.independent != work.elements:
        return False
    operands = [graph.values[n].shape for n in node.inputs if n]
    if any(len(shape) > len(out) for shape in operands):
        return False
    runs = broadcast_runs(operands, out)
    return sum(n > 1 for n in out) <= 1 or (len(runs) > MOST_SHARED_AXES and not all(runs[0]))


def dsp_tiles(node: Node, kernels: set[str], profile: CompilerProfile, generation: str, graph: Graph) -> int:
    """Over how many tiles the kernels may spread; those that scan an axis only along the axes before it."""
    source = graph.values[node.inputs[0]] if node.inputs else None
    if kernels & set(profile.dsp.one_tile.get(generation, ())) and source is not None:
        first = node.op_type == "Gather" and prod(source.shape[: int(node.attribute("axis", 0))]) == 1
        if source.constant or first:  # of rows, not of columns (12 of 1 x 60 x 200, 20 of 100 x 64)
            return 1
    if not kernels & set(profile.dsp.outer_axes_only):
        return 1_000
    shape = graph.values[node.inputs[0]].shape
    data = graph.values[node.inputs[1]].data if len(node.inputs) > 1 and node.inputs[1] else None
    if data is None or not data.size or not shape:
        return 1
    axis = int(data.reshape(-1)[0]) % len(shape)
    outer = 1
    for extent in shape[:axis]:
        outer *= extent
    return max(1, outer)
