"""Pooling, resizing and regions of images."""

from __future__ import annotations

from typing import Any

from npusim.loading.ir.case import Case
from npusim.loading.ir.ops_layout import whole
from npusim.loading.ir.ops_products import windows
from npusim.loading.ir.table import translates


def pooling(c: Case) -> dict[str, Any]:
    given: dict[str, Any] = windows(c)
    given["ceil_mode"] = c.text("rounding_type", "floor").startswith("ceil")
    return {**given, "kernel_shape": c.sizes("kernel")}


@translates("MaxPool")
def max_pool(c: Case) -> None:
    """The second output, places of the maxima, is given only where something reads it."""
    outputs, natural = [c.out()], ""
    if c.used(1):
        natural = c.t.fresh(f"{c.layer.name}/places")
        outputs.append(natural)
    c.node("MaxPool", [c.x()], outputs, **pooling(c))
    if natural:
        c.as_type(natural, "i64", 1)


@translates("AvgPool")
def average_pool(c: Case) -> None:
    given = pooling(c)
    if given.get("dilations") is None:
        given.pop("dilations", None)
    c.node("AveragePool", [c.x()], count_include_pad=not c.flag("exclude-pad", True), **given)


@translates("AdaptiveAvgPool", "AdaptiveMaxPool")
def adaptive_pool(c: Case) -> None:
    """Windows that differ by one element are priced as the largest of them."""
    inside, outside = c.static()[2:], c.ints(1, "sizes of the output")
    average = c.layer.type == "AdaptiveAvgPool"
    if all(n == 1 for n in outside):
        c.node("GlobalAveragePool" if average else "GlobalMaxPool", [c.x()])
        return
    strides = [i // o for i, o in zip(inside, outside, strict=True)]
    kernel = [i - s * (o - 1) for i, o, s in zip(inside, outside, strides, strict=True)]
    c.node("AveragePool" if average else "MaxPool", [c.x()], kernel_shape=kernel, strides=strides)


MODES = {"nearest": "nearest", "linear": "linear", "linear_onnx": "linear", "cubic": "cubic",
         "bilinear_pillow": "linear", "bicubic_pillow": "cubic"}  # fmt: skip


@translates("Interpolate")
def interpolate(c: Case) -> None:
    """Sizes or factors of some axes. Opset 1 has the axes as an attribute, later ones as the last input."""
    source, rank = c.x(), c.rank()
    if any(pads := [*c.sizes("pads_begin"), *c.sizes("pads_end")]):
        half = len(pads) // 2
        full = [*pads[:half], *[0] * (rank - half), *pads[half:], *[0] * (rank - half)]
        source = c.step("Pad", [source, c.constant(full)])
    scales = c.text("shape_calculation_mode", "sizes") == "scales" and c.layer.version != "opset1"
    old = "axes" in c.layer.attributes
    at = 2 if c.opset >= 11 else 3
    if old:
        axes = c.sizes("axes")
    elif c.has(at):
        axes = c.ints(at, "axes")
    else:
        axes = list(range(rank))
    if c.opset >= 11 or old:
        wanted = 1
    else:
        wanted = 2 if scales else 1
    if scales:
        factors = c.x(wanted) if c.type(wanted) == "f32" else c.cast(c.x(wanted), "f32")
        sizes = [factors]
    else:
        sizes = ["", whole(c, wanted)]
    where = c.text("coordinate_transformation_mode", "half_pixel")
    mode = c.text("mode", "nearest")
    c.node(
        "Resize",
        [source, "", *sizes],
        axes=axes,
        mode=MODES.get(mode, "linear"),
        antialias=c.flag("antialias") or "pillow" in mode,
        coordinate_transformation_mode="half_pixel" if where == "tf_half_pixel_for_nn" else where,
        nearest_mode=c.text("nearest_mode", "round_prefer_floor").replace("simple", "floor")
        if mode == "nearest"
        else None,
        cubic_coeff_a=c.number("cube_coeff", -0.75) if "cubic" in mode else None,
    )


@translates("GridSample")
def grid_sample(c: Case) -> None:
    mode = {"bilinear": "linear", "bicubic": "cubic"}.get(c.text("mode", "bilinear"), "nearest")
    c.node(
        "GridSample",
        [c.x(), c.x(1)],
        align_corners=c.flag("align_corners"),
        mode=mode,
        padding_mode=c.text("padding_mode", "zeros"),
    )


@translates("ROIAlign")
def roi_align(c: Case) -> None:
    aligned = c.text("aligned_mode", "asymmetric") != "asymmetric"
    c.node(
        "RoiAlign",
        [c.x(), c.x(1), whole(c, 2)],
        output_height=c.whole("pooled_h"),
        output_width=c.whole("pooled_w"),
        sampling_ratio=c.whole("sampling_ratio", 0),
        spatial_scale=c.number("spatial_scale", 1.0),
        mode=c.text("mode", "avg"),
        coordinate_transformation_mode="half_pixel" if aligned else "output_half_pixel",
    )


@translates("ROIPooling")
def roi_pooling(c: Case) -> None:
    size = c.sizes("output_size") or [c.whole("pooled_h"), c.whole("pooled_w")]
    c.node("MaxRoiPool", [c.x(), c.x(1)], pooled_shape=size, spatial_scale=c.number("spatial_scale", 1.0))


@translates("Col2Im")
def col2im(c: Case) -> None:
    """Sizes of the image and of a block, then what convolutions have."""
    pads = [*c.sizes("pads_begin"), *c.sizes("pads_end")]
    c.node(
        "Col2Im",
        [c.x(), whole(c, 1), whole(c, 2)],
        strides=c.sizes("strides") or None,
        dilations=c.sizes("dilations") or None,
        pads=pads or None,
    )


@translates("PriorBox", "PriorBoxClustered")
def prior_box(c: Case) -> None:
    """Boxes that follow from sizes alone: a constant."""
    sizes = c.out_port().dims
    if not sizes or -1 in sizes:
        raise c.wrong("its output has free sizes, and nothing else says how many boxes there are")
    c.as_type(c.step("ConstantOfShape", [c.constant(list(sizes))]), "f32")
