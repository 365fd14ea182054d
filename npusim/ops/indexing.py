"""Reads and writes by index, and ops whose result depends on positions."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from npusim.ops.counting import copy, dsp, vector
from npusim.ops.registry import OpCase, op
from npusim.ops.structure import cut
from npusim.work import Lowering

#: Of a ScatterND at known places: rows that are copied one by one, and elements of a row that is copied always.
MOST_COPIED, LEAST_COPIED_ROW = 32, 512


@op("Gather", lowerings=("view", "dma", "dma_over_table", "dsp"), kernels=("gather",), reads=(1,))
def gather(c: OpCase) -> tuple[Lowering, ...]:
    """Rows by index: a DMA per row where the hardware can (NPU 4000 on), else a DSP kernel.
    One known index is a slice (Intel's compiler rewrites it so). `dma_over_table`: in the time that moving the whole
    table takes, as Intel's compiler prices it (50,257 rows of 768 on NPU 5010: 1,010 us, whatever is picked)."""
    source, indices, out = c.input(0), c.input(1), c.output
    axis = c.axis(0, len(source.shape))
    data = c.data(1)
    if indices.constant and data is not None and np.size(data) == 1:
        return cut(out, source, [axis] if source.shape[axis] > 1 else [], steps=False)
    move = Lowering("dma", (copy(out.npu_bytes, constant=source.constant),))
    # Along the innermost axis a whole row lies at hand: its elements are picked, not fetched one by one.
    outer = prod(source.shape[:axis])
    rows = outer if prod(source.shape[axis + 1 :]) == 1 and outer > 1 else indices.elements * outer
    whole = replace(
        copy(out.npu_bytes), source="ddr", counted=max(1.0, source.npu_bytes / max(out.npu_bytes, 1))
    )
    over = Lowering("dma_over_table", (whole,))
    return move, over, dsp(c, "gather", out.elements, rows, out.elements)


@op("Compress", kernels=("gather",))
def compress(c: OpCase) -> Lowering:
    return dsp(c, "gather")


@op("GatherElements", "GatherND", lowerings=("dsp", "dsp_over_data"), kernels=("gather",))
def gather_elements(c: OpCase) -> tuple[Lowering, ...]:
    """A kernel over what it picks, or over all it may pick from as well: so Intel's compiler prices it on NPU 5010, an
    element read or written 0.957 ns (131,072 of data, 2,604 picked and 168 indices 128.6 us). GatherElements is shared
    along the axes in front of its own, a GatherND along its picks, of which each DSP goes through all of the data."""
    data, indices, out = c.input(0), c.input(1), c.output
    picked = out.elements + indices.elements
    if c.node.op_type == "GatherElements":
        outer = max(1, prod(indices.shape[: c.axis(0, len(data.shape))]))
        share = data.elements * min(1.0, outer / max(1, prod(data.shape[: c.axis(0, len(data.shape))])))
        return dsp(c, "gather"), Lowering("dsp_over_data", (vector(c, "gather", share + picked, 1, outer),))
    batch = max(1, prod(data.shape[: int(c.attr("batch_dims", 0))]))
    picks = max(1, prod(indices.shape[:-1]))
    over = vector(c, "gather", data.elements, 1, batch), vector(c, "gather", picked, 1, picks)
    return dsp(c, "gather"), Lowering("dsp_over_data", over)


@op("GatherBlockQuantized", domain="com.microsoft", kernels=("gather", "fakequantize"))
def gather_block_quantized(c: OpCase) -> Lowering:
    return Lowering("dsp", (vector(c, "gather"), vector(c, "fakequantize")))


@op("Scatter", "ScatterElements", "ScatterND", lowerings=("dma", "dsp"), kernels=("scatter",), reads=(1,))
def scatter(c: OpCase) -> tuple[Lowering, ...]:
    """The kernel goes over all of the tensor, split along any axis but the one that is indexed (Intel's schedules: 2.3
    cycles an element of 1,024 x 512 for 64 rows of updates); that of a ScatterND, whose updates may repeat, on one DSP
    (1,000 x 256 and 30 rows of updates on NPU 3720 and 5010: 394 and 442 us; 1,000 x 1,024 and 49 four times as long).
    With indices the compiler knows it is copies by DMA, one for each run of rows that lie side by side, of the updates
    and of what they leave (Intel's schedules: 30 rows apart of 200 are 60 copies; its ScatterElements stays a
    kernel), but for more than `MOST_COPIED` rows apart of fewer than `LEAST_COPIED_ROW` elements (256 x 64: 32 rows
    are copies, 33 a kernel; 40 rows of 64 to 510 elements a kernel, of 512 and 1,024 copies)."""
    data, updates = c.input(0), c.input(2)
    kernel = dsp(c, "scatter", data.elements, 1, 1)
    if c.node.op_type != "ScatterND" and data.shape:
        length = max(1, data.shape[c.axis(0, len(data.shape))])
        kernel = dsp(c, "scatter", data.elements, 1, data.elements // length)
    plain = c.attr("reduction", "none") in ("none", b"none")
    if c.node.op_type != "ScatterND" or not c.input(1).constant or not plain:
        return (kernel,)
    runs = _runs(c.data(1), data.shape)
    places = c.input(1).elements // max(1, (c.input(1).shape or (1,))[-1])
    if runs > 1 and places > MOST_COPIED and updates.elements < LEAST_COPIED_ROW * places:
        return (kernel,)
    if runs > 1:
        return Lowering("dma", (replace(copy(data.npu_bytes), transfers=runs),)), kernel
    return Lowering("dma", (copy(data.npu_bytes), copy(updates.npu_bytes))), kernel


def _runs(places: np.ndarray | None, shape: tuple[int, ...]) -> int:
    """Runs of rows that a ScatterND at `places` copies: of updates that lie side by side, and of what they leave; 1
    where all updates lie side by side, or nobody knows."""
    if places is None or not places.size or places.shape[-1] > len(shape):
        return 1
    axes = shape[: places.shape[-1]]
    wrapped = places.reshape(-1, len(axes)).T % np.array(axes)[:, None]
    rows = np.ravel_multi_index(tuple(wrapped), axes)
    apart = int((np.diff(rows) != 1).sum())
    bounds = np.concatenate(([-1], np.unique(rows), [prod(axes)]))
    return 1 + apart + int((np.diff(bounds) > 1).sum()) if apart else 1


@op("TensorScatter", lowerings=("dma",))
def tensor_scatter(c: OpCase) -> Lowering:
    """New rows written into a cache in place."""
    return Lowering("dma", (copy(c.input(1).npu_bytes),))


@op("OneHot", kernels=("onehot",))
def one_hot(c: OpCase) -> Lowering:
    return dsp(c, "onehot")


@op("NonZero", "Unique", kernels=("default",))
def data_dependent(c: OpCase) -> Lowering:
    """One pass over the input in order; the size of the result is the loader's to know."""
    return dsp(c, "default", c.input(0).elements, 1, 1)


@op("GridSample", kernels=("grid_sample",))
def grid_sample(c: OpCase) -> Lowering:
    return dsp(c, "grid_sample")


@op("NonMaxSuppression", kernels=("nonmaxsuppression",))
def non_max_suppression(c: OpCase) -> Lowering:
    """Every box against every kept one, per class: elements are pairs of boxes and scores."""
    scores = c.input(1)
    return dsp(c, "nonmaxsuppression", scores.elements * max(c.output.shape[0], 1), 1, prod(scores.shape[:2]))
