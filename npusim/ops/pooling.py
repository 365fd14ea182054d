"""Poolings. Windows over 11 (the MAC array's limit) become chains of smaller ones."""

from __future__ import annotations

from itertools import zip_longest
from math import prod

from npusim.graph import Value
from npusim.ops.convolution import window_work
from npusim.ops.counting import chain_of_eights, dsp, on_mac_array, vector
from npusim.ops.registry import OpCase, Rule, op
from npusim.work import Lowering, MacOp, MacWork

MAX_KERNEL = 11


def _window(mode: MacOp, kernel_name: str) -> Rule:
    def rule(c: OpCase) -> tuple[Lowering, ...]:
        source, out = c.input(0), c.output
        kernel = tuple(int(k) for k in c.attr("kernel_shape"))
        plain = dsp(c, kernel_name, out.elements * prod(kernel), out.elements, out.elements)
        if not on_mac_array(source) or max(kernel) > MAX_KERNEL:
            return (plain,)
        channels = source.shape[1]
        return Lowering("mac_array", (window_work(c, mode, source, out, kernel, channels, channels),)), plain

    return rule


op("MaxPool", lowerings=("mac_array", "dsp"), kernels=("reduce_max",))(_window(MacOp.MAX_POOL, "reduce_max"))
op("AveragePool", lowerings=("mac_array", "dsp"), kernels=("reduce_sum",))(
    _window(MacOp.AVERAGE_POOL, "reduce_sum")
)


def whole_plane(mode: MacOp, source: Value, out: Value) -> tuple[MacWork, ...]:
    """[N,C,H,W...] to [N,C,1,1...]: one window over the plane, in stages if it is larger than 11."""
    sizes = source.shape[2:]
    heights = chain_of_eights(sizes[0]) if sizes else [(1, 1, 1.0)]
    widths = chain_of_eights(prod(sizes[1:]))
    works, rows, columns = [], sizes[0] if sizes else 1, prod(sizes[1:])
    for (kh, oh, ih), (kw, ow, iw) in zip_longest(heights, widths, fillvalue=(1, 1, 1.0)):
        works.append(
            MacWork(
                mode, source.shape[0] * oh, ow, source.shape[1], source.shape[1],
                source.shape[0] * rows, columns, kh, kw, min(kh, 8), min(kw, 8), ih * iw,
                input_bytes=source.dtype.npu_bytes,
                weight_bytes=source.dtype.npu_bytes,
                output_bytes=out.dtype.npu_bytes,
            )
        )  # fmt: skip
        rows, columns = oh, ow
    return tuple(works)


def global_pool(mode: MacOp, kernel_name: str) -> Rule:
    def rule(c: OpCase) -> tuple[Lowering, ...]:
        source, out = c.input(0), c.output
        plain = dsp(c, kernel_name, source.elements, out.elements, out.elements)
        if not on_mac_array(source):
            return (plain,)
        return Lowering("mac_array", whole_plane(mode, source, out)), plain

    return rule


op("GlobalMaxPool", lowerings=("mac_array", "dsp"), kernels=("reduce_max",))(
    global_pool(MacOp.MAX_POOL, "reduce_max")
)
op("GlobalAveragePool", lowerings=("mac_array", "dsp"), kernels=("reduce_sum",))(
    global_pool(MacOp.AVERAGE_POOL, "reduce_sum")
)


@op("LpPool", "GlobalLpPool", kernels=("default",))
def lp_pool(c: OpCase) -> Lowering:
    """Powers, a sum and a root per window: a DSP kernel."""
    source, out = c.input(0), c.output
    shape = c.attr("kernel_shape")
    reads = source.elements if shape is None else out.elements * prod(int(k) for k in shape)
    return dsp(c, "default", reads, out.elements, out.elements)


@op("MaxUnpool", kernels=("scatter",))
def max_unpool(c: OpCase) -> Lowering:
    return dsp(c, "scatter")


@op("MaxRoiPool", "RoiAlign", kernels=("roi_align",))
def roi(c: OpCase) -> Lowering:
    """Reads around fractional positions: `sampling_ratio` squared reads per output (2 if it adapts)."""
    ratio = int(c.attr("sampling_ratio", 0)) or 2
    count = c.output.elements
    return Lowering("dsp", (vector(c, "roi_align", count * ratio * ratio, 1, count),))
