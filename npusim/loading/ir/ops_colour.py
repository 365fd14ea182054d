"""Colours of video as PrePostProcessor puts them into a model, and the grids of old detectors."""

from __future__ import annotations

import numpy as np

from npusim.loading.ir.case import Case
from npusim.loading.ir.table import translates

#: What OpenVINO's operations are defined by (ITU-R BT.601): of luma, and of blue and red differences for R, G, B.
LUMA = 1.164
CHROMA = {"R": (0.0, 1.596), "G": (-0.391, -0.813), "B": (2.018, 0.0)}


@translates("NV12toRGB", "NV12toBGR", "I420toRGB", "I420toBGR")
def to_colours(c: Case) -> None:
    """Luma of every pixel, the two differences of every fourth: in one plane, or each in its own."""
    batch, height, width, _ = c.out_port().dims
    half = [batch, height // 2, width // 2]
    pairs = c.layer.type.startswith("NV12")
    luma = c.x()
    if len(c) == 1:
        luma = cut(c, c.x(), 1, 0, height)
        rest = cut(c, c.x(), 1, height, height * 3 // 2)
        shape = [*half, 2] if pairs else [batch, 2, half[1] * half[2]]
        both = c.step("Reshape", [as_float(c, rest), c.constant(shape)])
        axis = 3 if pairs else 1
        differences = [cut(c, both, axis, k, k + 1) for k in (0, 1)]
    elif pairs:
        differences = [cut(c, as_float(c, c.x(1)), 3, k, k + 1) for k in (0, 1)]
    else:
        differences = [as_float(c, c.x(k)) for k in (1, 2)]
    blue, red = (
        wide(c, c.step("Sub", [d, c.constant(128.0, "f32")]), batch, height, width) for d in differences
    )
    light = c.step("Sub", [as_float(c, luma), c.constant(16.0, "f32")])
    light = c.step("Mul", [light, c.constant(LUMA, "f32")])
    channels = []
    for name in c.layer.type[-3:]:
        value = light
        for factor, plane in zip(CHROMA[name], (blue, red), strict=True):
            if factor:
                value = c.step("Add", [value, c.step("Mul", [plane, c.constant(factor, "f32")])])
        channels.append(c.step("Clip", [value, c.constant(0.0, "f32"), c.constant(255.0, "f32")]))
    c.as_type(c.step("Concat", channels, axis=3), "f32")


def cut(c: Case, tensor: str, axis: int, start: int, end: int) -> str:
    return c.step("Slice", [tensor, c.constant([start]), c.constant([end]), c.constant([axis])])


def as_float(c: Case, tensor: str) -> str:
    return tensor if c.type() == "f32" else c.cast(tensor, "f32")


def wide(c: Case, tensor: str, batch: int, height: int, width: int) -> str:
    """Each value for a square of four pixels."""
    apart = c.step("Reshape", [tensor, c.constant([batch, height // 2, 1, width // 2, 1])])
    spread = c.step("Expand", [apart, c.constant([batch, height // 2, 2, width // 2, 2])])
    return c.step("Reshape", [spread, c.constant([batch, height, width, 1])])


@translates("RegionYolo")
def region_yolo(c: Case) -> None:
    """Places, confidences and classes of boxes between 0 and 1, their sizes as they are."""
    batch, _, height, width = c.static()
    soft, coordinates, classes = c.flag("do_softmax", True), c.whole("coords"), c.whole("classes")
    boxes = c.whole("num") if soft else len(c.sizes("mask"))
    apart = [batch, boxes, coordinates + 1 + classes, height, width]
    parts = [2, coordinates - 2, 1, classes] if soft else [2, coordinates - 2, 1 + classes]
    whole = c.step("Reshape", [c.x(), c.constant(apart)])
    names = [c.t.fresh(f"{c.layer.name}/part") for _ in parts]
    c.t.add("Split", [whole, c.constant(parts)], names, f"{c.layer.name}/parts", "", {"axis": 2})
    done = [c.step("Sigmoid", [names[0]]), names[1], c.step("Sigmoid", [names[2]])]
    if soft:
        done.append(c.step("Softmax", [names[3]], axis=2))
    joined = c.step("Concat", done, axis=2)
    c.node("Reshape", [joined, c.constant(list(c.out_port().dims))])


@translates("ExtractImagePatches")
def image_patches(c: Case) -> None:
    """A cut in steps for each place of the window, side by side as channels."""
    sizes, strides, rates = c.sizes("sizes"), c.sizes("strides"), c.sizes("rates")
    inside, outside = c.static()[2:], c.out_port().dims[2:]
    source = c.x()
    if c.text("auto_pad", "valid") != "valid":
        spans = [
            max((o - 1) * s + (n - 1) * r + 1 - i, 0)
            for o, s, n, r, i in zip(outside, strides, sizes, rates, inside, strict=True)
        ]
        late = c.text("auto_pad") == "same_upper"
        before = [n // 2 if late else n - n // 2 for n in spans]
        pads = [0, 0, *before, 0, 0, *(n - b for n, b in zip(spans, before, strict=True))]
        source = c.step("Pad", [source, c.constant(pads)])
    parts = []
    for place in np.ndindex(*sizes):
        starts = [k * r for k, r in zip(place, rates, strict=True)]
        ends = [a + (o - 1) * s + 1 for a, o, s in zip(starts, outside, strides, strict=True)]
        parts.append(c.step("Slice", [source, *(c.constant(v) for v in (starts, ends, [2, 3], strides))]))
    c.node("Concat", parts, axis=1)
