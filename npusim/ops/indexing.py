"""Reads and writes by index, and ops whose result depends on positions."""

from __future__ import annotations

from math import prod

import numpy as np

from npusim.ops.counting import copy, dsp, on_mac_array, vector
from npusim.ops.registry import OpCase, op
from npusim.ops.structure import cut
from npusim.work import Lowering, MacOp, MacWork


@op("Gather", lowerings=("view", "dma", "dsp"), kernels=("gather",), reads=(1,))
def gather(c: OpCase) -> tuple[Lowering, ...]:
    """Rows by index: a DMA per row where the hardware can (NPU 4000 on), else a DSP kernel.
    One known index is a slice (Intel's compiler rewrites it so)."""
    source, indices, out = c.input(0), c.input(1), c.output
    axis = c.axis(0, len(source.shape))
    data = c.data(1)
    if indices.constant and data is not None and np.size(data) == 1:
        return cut(out, source, [axis] if source.shape[axis] > 1 else [], steps=False)
    move = Lowering("dma", (copy(out.npu_bytes, constant=source.constant),))
    # Along the innermost axis a whole row lies at hand: its elements are picked, not fetched one by one.
    outer = prod(source.shape[:axis])
    rows = outer if prod(source.shape[axis + 1 :]) == 1 and outer > 1 else indices.elements * outer
    return move, dsp(c, "gather", out.elements, rows, out.elements)


@op("GatherElements", "GatherND", "Compress", kernels=("gather",))
def gather_elements(c: OpCase) -> Lowering:
    return dsp(c, "gather")


@op("GatherBlockQuantized", domain="com.microsoft", kernels=("gather", "fakequantize"))
def gather_block_quantized(c: OpCase) -> Lowering:
    return Lowering("dsp", (vector(c, "gather"), vector(c, "fakequantize")))


@op("Scatter", "ScatterElements", "ScatterND", lowerings=("dma", "dsp"), kernels=("scatter",))
def scatter(c: OpCase) -> tuple[Lowering, ...]:
    """Elements are the updates; the copy of the tensor they go into shows in the bytes. Indices may repeat,
    so nothing may be split. A ScatterND with indices the compiler knows is two copies by DMA: the tensor, and the
    updates over it (Intel's schedules: 1.2 to 3 us instead of a kernel; its ScatterElements stays a kernel)."""
    data, updates = c.input(0), c.input(2)
    kernel = dsp(c, "scatter", updates.elements, 1, 1)
    plain = c.attr("reduction", "none") in ("none", b"none")
    if c.node.op_type != "ScatterND" or not c.input(1).constant or not plain:
        return (kernel,)
    return Lowering("dma", (copy(data.npu_bytes), copy(updates.npu_bytes))), kernel


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


@op("Resize", "Upsample", lowerings=("mac_array", "dsp"), kernels=("interpolate",))
def resize(c: OpCase) -> tuple[Lowering, ...]:
    """Nearest and linear run on the MAC array where it can read at computed addresses (intel_npu
    facts, 3.1): as a depthwise window of 1 or 2 per axis. Cubic on the DSPs. Papers count no MACs in it."""
    source, out = c.input(0), c.output
    plain = dsp(c, "interpolate")
    mode = c.attr("mode", "nearest")
    if mode not in ("nearest", "linear", "bilinear") or not on_mac_array(source) or len(out.shape) < 3:
        return (plain,)
    window = 1 if mode == "nearest" else 2
    sizes, outs = source.shape[2:], out.shape[2:]
    height = max(len(outs) - 1, 1)
    wide = window if len(outs) > 1 else 1
    work = MacWork(
        MacOp.DEPTHWISE,
        out.shape[0] * prod(outs[:height]), prod(outs[height:]), out.shape[1], source.shape[1],
        source.shape[0] * prod(sizes[:height]), prod(sizes[height:]),
        kernel_h=window, kernel_w=wide,
        input_bytes=source.dtype.npu_bytes,
        weight_bytes=source.dtype.npu_bytes,
        output_bytes=out.dtype.npu_bytes,
    )  # fmt: skip
    return Lowering("mac_array", (work,), macs=0.0), plain


@op("GridSample", kernels=("grid_sample",))
def grid_sample(c: OpCase) -> Lowering:
    return dsp(c, "grid_sample")


@op("NonMaxSuppression", kernels=("nonmaxsuppression",))
def non_max_suppression(c: OpCase) -> Lowering:
    """Every box against every kept one, per class: elements are pairs of boxes and scores."""
    scores = c.input(1)
    return dsp(c, "nonmaxsuppression", scores.elements * max(c.output.shape[0], 1), 1, prod(scores.shape[:2]))
