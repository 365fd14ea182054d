"""Elementwise ops with two or more inputs: arithmetic, comparisons, logic, Where.

Add and Sub of two tensors run on the MAC array as an elementwise pass on every generation, Mul on
NPU 5010 only (intel_npu facts, 3.1): all three offer it as `mac_array`, the compiler profile knows
which are legal. Where one side holds one constant number per channel (or one in all) and has at most
8192 channels, the op is a `scale_shift`; in a Mul that side may also be an activation, if it is smaller than
the result (same source) or the result is one row.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npusim.graph import Value
from npusim.ops.counting import (
    CHANNEL_BLOCK,
    MAX_CHANNELS,
    dsp,
    extent,
    on_mac_array,
    one_tap,
    per_element,
    pixels,
    vector,
)
from npusim.ops.registry import VIEW, OpCase, Rule, op
from npusim.work import Lowering, MacOp, MacWork

COMPARE = {
    "Equal": "equal", "Less": "less", "LessOrEqual": "lesseq", "Greater": "greater",
    "GreaterOrEqual": "greatereq", "And": "logicaland", "Or": "logicalor", "Xor": "logicalxor",
    "BitwiseAnd": "logicaland", "BitwiseOr": "logicalor", "BitwiseXor": "logicalxor",
    "BitShift": "default", "Mod": "floormod",
}  # fmt: skip


def scale_shift(c: OpCase) -> Lowering | None:
    """The op as a 1x1 depthwise convolution, if one side is per channel or a single number."""
    out = c.output
    if len(c.inputs) != 2 or not on_mac_array(out):
        return None
    first, second = c.inputs
    for value, other in ((second, first), (first, second)):
        if value is None or other is None:
            return None
        h: float
        w: float
        row = one_row(c)
        axes = [axis for axis, size in enumerate(_aligned(value, out)) if size != 1 and not row]
        spread = c.node.op_type == "Mul" and value is second and maps(value, out)
        outer = len(axes) > 1 and not spread  # an outer product is no scale of either side
        if outer or other.elements < out.elements:
            continue
        if (
            not row
            and not value.constant
            and not (c.node.op_type == "Mul" and _activation_scales(value, out))
        ):
            continue
        image = len(out.shape) == 4 and 1 < out.shape[1] <= MAX_CHANNELS
        if row:
            h, w, channels = 1, 1, out.elements
        elif spread:
            channels = value.elements
            h, w = pixels(out.shape[1])
        elif image and axes in ([], [1]):
            channels = out.shape[1]
            h, w = out.shape[0] * out.shape[2], out.shape[3]
        elif not axes:
            h, w, channels = extent(out.shape)
        else:
            channels = out.shape[axes[0]]
            h, w = pixels(out.elements // channels)
        if channels <= MAX_CHANNELS:
            size = out.dtype.npu_bytes
            work = MacWork(
                MacOp.DEPTHWISE, h, w, channels, channels, h, w,
                input_bytes=size, weight_bytes=size, output_bytes=size,
            )  # fmt: skip
            return Lowering("scale_shift", (work,))
    return None


def maps(value: Value, out: Value) -> bool:
    """Whether an activation is one number a pixel of an image, the same for all of its channels, and pixels are few
    enough to be channels: `Multiply/as_scaleshift` of 16 x 16 to 64 x 128 pixels, a kernel of 128 x 128 (PP-LiteSeg,
    Attention U-Net, LEDNet, the softmax of MobileViTv2; on all NPUs). A line of pixels is no image: the angles of one
    token (32 heads of 1 x 64) stay a kernel on NPU 3720 and 4000."""
    shape = out.shape
    few = not value.constant and value.elements <= MAX_CHANNELS
    image = len(shape) == 4 and shape[0] == 1 and min(shape[1:]) > 1
    return few and image and value.shape[-2:] == shape[2:] and value.elements == shape[2] * shape[3]


def one_row(c: OpCase) -> bool:
    """Whether two activations of one shape are multiplied as one row, each element a channel: those of a row, and those
    of four axes and one channel, up to `MAX_CHANNELS` elements (the states of a scan of one token, 384 x 16: as a scale
    of 6,144 channels on NPU 3720 and 4000; 512 x 16 too, not 528 x 16, nor [4,96,16] or [384,16])."""
    first, second = c.inputs
    if c.node.op_type != "Mul" or first is None or second is None or first.constant or second.constant:
        return False
    shape = c.output.shape
    alone = is_row(shape) or of_one_channel(shape)
    return first.shape == second.shape == shape and alone and c.output.elements <= MAX_CHANNELS


def is_row(shape: tuple[int, ...]) -> bool:
    """Whether elements lie along one axis."""
    return sum(size != 1 for size in shape) == 1


def of_one_channel(shape: tuple[int, ...]) -> bool:
    """Whether a shape is that of one image of one channel."""
    return len(shape) == 4 and shape[:2] == (1, 1)


def _activation_scales(value: Value, out: Value) -> bool:
    """Whether an activation may be the factor: fewer elements than the result, or its only row."""
    return value.elements < out.elements or is_row(out.shape)


def _aligned(value: Value, out: Value) -> tuple[int, ...]:
    return (1,) * (len(out.shape) - len(value.shape)) + value.shape


def _sum_of_two(c: OpCase, turned: bool = False) -> MacWork:
    """An element-wise pass; of operands of different size with one plane of the result's own axes.

    Rows that a smaller operand is added to keep the result's axes: [1,1024,768] is 768 channels of 1,024 pixels in one
    column, where the smaller one is a constant 1,024 channels of 768; a column fills a quarter of the grid. What fills
    no sixteens lies as ever (`Add` of 128 to 1,024 rows by a row in Intel's schedules of NPU 3720 and 5010). So do rows
    less others that were negated (`turned`): 32 channels of 512 pixels of [1,512,32], 256 of 128 of [1,128,256], alone
    or not; [512,64] is folded, heads and images have columns."""
    shape, plain = c.output.shape, per_element(c)
    if len(c.inputs) == 2 and one_row(c):
        # one pixel keeps the grid as empty as a scale does, which a pooling of one tap counts
        return one_tap(MacOp.MAX_POOL, 1, 1, c.output.elements, c.output.dtype.npu_bytes)
    small = [v for v in c.inputs if v is not None and v.elements < c.output.elements]
    if not (small or turned) or len(shape) != 3 or shape[0] != 1:
        return plain
    pixels_of, channels = shape[1:]
    if turned and not small and pixels_of % CHANNEL_BLOCK:  # sixteen channels of a rectangle (1,543 x 144)
        return plain
    if small and all(v.constant for v in small):
        pixels_of, channels = channels, pixels_of
    if channels % CHANNEL_BLOCK or channels > MAX_CHANNELS:
        return plain
    return replace(plain, out_h=pixels_of, out_w=1, in_h=pixels_of, in_w=1, out_c=channels, in_c=channels)


def _negated(c: OpCase) -> MacWork:
    """What is subtracted as a pass of its own, a scale by -1 (`Subtract/as_gconv` in front of `Subtract/add_out` in
    Intel's schedules: 192 x 384 in 0.92 and 1.10 us on NPU 4000, 2.91 and 2.83 on 3720). Counted as a pooling of one
    tap, which takes as long: the network has no such multiplications."""
    h, w, channels = extent(c.input(1).shape)
    return one_tap(MacOp.MAX_POOL, h, w, channels, c.output.dtype.npu_bytes)


def arithmetic(kernel: str, by_constant_only: bool = False) -> Rule:
    """Add, Sub, Mul; Div (`by_constant_only`), which is a product with the inverse of a constant."""

    def rule(c: OpCase) -> tuple[Lowering, ...]:
        found: list[Lowering] = []
        if by_constant_only:
            divisor = c.input(1)
            scaled = scale_shift(c) if divisor.constant else None
            plain = dsp(c, "mul" if divisor.constant else kernel)
            if divisor.elements < c.output.elements and not divisor.constant:
                inverse = vector(c, kernel, divisor.elements)
                found.append(Lowering("by_inverse", (inverse, vector(c, "mul"))))
        else:
            scaled = scale_shift(c)
            plain = dsp(c, kernel)
            if on_mac_array(*c.inputs, c.output):
                # a constant is negated when it is compiled
                turned = kernel == "sub" and not c.input(1).constant
                passes = (_negated(c), _sum_of_two(c, turned)) if turned else (_sum_of_two(c),)
                found.append(Lowering("mac_array", passes))
        if scaled is not None:
            found.insert(0, scaled)
        return (*found, plain)

    return rule


for _name, _kernel in (("Add", "add"), ("Sub", "sub"), ("Mul", "mul")):
    op(_name, lowerings=("scale_shift", "mac_array", "dsp"), kernels=(_kernel,))(arithmetic(_kernel))
op("Div", lowerings=("scale_shift", "by_inverse", "dsp"), kernels=("div", "mul"))(
    arithmetic("div", by_constant_only=True)
)


def _compare(kernel: str) -> Rule:
    return lambda c: dsp(c, kernel)


for _name, _kernel in COMPARE.items():
    op(_name, kernels=(_kernel,))(_compare(_kernel))


def _folded(kernel: str, mac: bool) -> Rule:
    """n inputs are n - 1 ops of two inputs."""

    def rule(c: OpCase) -> tuple[Lowering, ...]:
        times = len(c.inputs) - 1
        if times < 1:
            return (VIEW,)
        plain = Lowering("dsp", (vector(c, kernel),) * times)
        if not mac or not on_mac_array(c.output):
            return (plain,)
        return Lowering("mac_array", (per_element(c),) * times), plain

    return rule


for _name, _kernel, _mac in (
    ("Sum", "add", True),
    ("Mean", "add", True),
    ("Max", "max", False),
    ("Min", "min", False),
):
    op(_name, lowerings=("mac_array", "dsp", "view") if _mac else ("dsp", "view"), kernels=(_kernel,))(
        _folded(_kernel, _mac)
    )


@op("Where", kernels=("select",))
def where(c: OpCase) -> Lowering:
    """Intel's Select kernel, one element of the output at a time."""
    return dsp(c, "select")


@op("PRelu", lowerings=("mac_array", "dsp"), kernels=("prelu",))
def prelu(c: OpCase) -> tuple[Lowering, ...]:
    """One slope below zero: the drain path's leaky ReLU. Several, a channel each: a DSP kernel (Intel's schedules)."""
    kernel = dsp(c, "prelu")
    return (Lowering("mac_array", (per_element(c),)), kernel) if one_slope(c.input(1)) else (kernel,)


def one_slope(slopes: Value) -> bool:
    """Whether a PRelu is a LeakyRelu: trained slopes of several channels differ."""
    return slopes.elements == 1


@op("Pow", lowerings=("view", "mac_array", "dsp"), kernels=("mul", "sqrt", "div", "power"), reads=(1,))
def power(c: OpCase) -> tuple[Lowering, ...]:
    """Small constant exponents are products or roots (Intel's compiler rewrites them so)."""
    data = c.data(1)
    exponent = float(data.ravel()[0]) if data is not None and np.size(data) == 1 else None
    if exponent == 1.0:
        return (VIEW,)
    if exponent == 2.0:
        square = dsp(c, "mul")
        return (Lowering("mac_array", (per_element(c),)), square) if on_mac_array(c.output) else (square,)
    if exponent == 3.0:
        return (Lowering("dsp", (vector(c, "mul"),) * 2),)
    if exponent in (0.5, -0.5):
        root = (vector(c, "sqrt"),) if exponent > 0 else (vector(c, "sqrt"), vector(c, "div"))
        return (Lowering("dsp", root),)
    return (dsp(c, "div" if exponent == -1.0 else "power"),)
