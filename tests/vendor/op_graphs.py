"""Graphs of one op at a size, built from the name that the tables of Intel's compiler give them.

    python -m tests.vendor.op_graphs OUT_FOLDER NAME [NAME ...]

Shapes in names are joined by `_`; kinds that stand for an ONNX op of one input (`Softmax_12_128_128`) and binary ones
(`Add_64_56_56_by_64_1_1`) have a leading axis of 1 on the first operand that is not written. `FORMS` lists the rest,
`op_forms.py`, `op_chains.py`, `op_kinds.py` and `op_layers.py` have more.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from tests.vendor import op_chains, op_forms, op_kinds, op_layers
from tests.vendor.builder import OPSET, Builder
from tests.vendor.op_forms import numbers

BINARY = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow")


def matmul(g: Builder, m: int, k: int, n: int) -> str:
    """mm_M_K_N: [1,M,K] by constant [K,N]."""
    return g.op("MatMul", g.input(1, m, k), g.weight(k, n))


def batched(g: Builder, b: int, m: int, k: int, n: int) -> str:
    """bmm_B_M_K_N: [1,B,M,K] by [1,B,K,N], two inputs."""
    return g.op("MatMul", g.input(1, b, m, k), g.input(1, b, k, n))


def windows(g: Builder, b: int, h: int, m: int, k: int, n: int) -> str:
    """wmm_B_H_M_K_N: [B,H,M,K] by [B,H,K,N], as attention in windows has it."""
    return g.op("MatMul", g.input(b, h, m, k), g.input(b, h, k, n))


def conv(g: Builder, ci: int, co: int, kernel: int, stride: int, size: int, groups: int) -> str:
    """conv_CI_CO_K_S_HW_G: a square image, padded by K // 2."""
    return conv_of_batch(g, 1, ci, co, kernel, stride, size, groups)


def conv_of_batch(
    g: Builder, batch: int, ci: int, co: int, kernel: int, stride: int, size: int, groups: int
) -> str:
    """convb_B_CI_CO_K_S_HW_G: the same on a batch of images."""
    weight = g.weight(co, ci // groups, kernel, kernel)
    pads, strides = [kernel // 2] * 4, [stride] * 2
    return g.op("Conv", g.input(batch, ci, size, size), weight, pads=pads, strides=strides, group=groups)


def conv_1d(g: Builder, ci: int, co: int, kernel: int, stride: int, length: int, groups: int) -> str:
    """conv1d_CI_CO_K_S_L_G: along one axis, padded by K // 2."""
    weight, pads = g.weight(co, ci // groups, kernel), [kernel // 2] * 2
    return g.op("Conv", g.input(1, ci, length), weight, pads=pads, strides=[stride], group=groups)


def patches(g: Builder, ci: int, co: int, kernel: int, size: int) -> str:
    """patch_CI_CO_K_HW: kernel and stride K, no padding, as vision transformers cut an image."""
    return g.op("Conv", g.input(1, ci, size, size), g.weight(co, ci, kernel, kernel), strides=[kernel] * 2)


def deconv(g: Builder, ci: int, co: int, kernel: int, stride: int, size: int) -> str:
    """deconv_CI_CO_K_S_HW: a transposed convolution that multiplies the size by S."""
    pad = (kernel - stride) // 2
    weight = g.weight(ci, co, kernel, kernel)
    return g.op("ConvTranspose", g.input(1, ci, size, size), weight, strides=[stride] * 2, pads=[pad] * 4)


def layernorm(g: Builder, rows: int, width: int) -> str:
    """LayerNorm_L_D."""
    return g.op(
        "LayerNormalization", g.input(1, rows, width), g.weight(width), g.weight(width), axis=-1, epsilon=1e-5
    )


def rmsnorm(g: Builder, rows: int, width: int) -> str:
    """rms_L_D: as exporters write it, in single ops."""
    x = g.input(1, rows, width)
    mean = g.op("ReduceMean", g.op("Pow", x, g.const(2.0)), axes=[-1])
    root = g.op("Sqrt", g.op("Add", mean, g.const(1e-5)))
    return g.op("Mul", g.op("Mul", x, g.op("Reciprocal", root)), g.weight(width))


def groupnorm(g: Builder, channels: int, size: int, groups: int) -> str:
    """groupnorm_C_HW_G: Reshape, InstanceNormalization, Reshape, scale and shift, as exporters write it."""
    x = g.op("Reshape", g.input(1, channels, size, size), g.const([0, groups, -1]))
    ones, zeros = g.const(np.ones(groups, np.float16)), g.const(np.zeros(groups, np.float16))
    y = g.op("InstanceNormalization", x, ones, zeros, epsilon=1e-5)
    y = g.op("Reshape", y, g.const([1, channels, size, size]))
    return g.op("Add", g.op("Mul", y, g.weight(channels, 1, 1)), g.weight(channels, 1, 1))


def instancenorm(g: Builder, channels: int, size: int) -> str:
    """instancenorm_C_HW."""
    x = g.input(1, channels, size, size)
    return g.op("InstanceNormalization", x, g.weight(channels), g.weight(channels), epsilon=1e-5)


def swap_heads(g: Builder, batch: int, heads: int, length: int, width: int) -> str:
    """Transpose_B_H_L_D: from [B,L,H,D] to [B,H,L,D]."""
    return g.op("Transpose", g.input(batch, length, heads, width), perm=[0, 2, 1, 3])


def concat_images(g: Builder, size: int) -> str:
    """Concat_HW: two images of 64 channels, side by side in channels."""
    return g.op("Concat", g.input(1, 64, size, size), g.input(1, 64, size, size), axis=1)


def sum_over_second_last(g: Builder, a: int, b: int, c: int, d: int) -> str:
    """ReduceSum_A_B_C_D: over C."""
    return reduction(g, "Sum", (2,), (a, b, c, d))


def gather(g: Builder, rows: int, width: int, count: int) -> str:
    """gather_V_D_N: N rows of a constant table, indices an input."""
    return g.op("Gather", g.weight(rows, width), g.input(1, count, dtype=TensorProto.INT64))


def gather_columns(g: Builder, rows: int, width: int, count: int) -> str:
    """gatherlast_L_D_N: N constant places of the innermost axis of an input."""
    return g.op("Gather", g.input(1, rows, width), g.const((np.arange(count) * 7) % width), axis=2)


def scatter_rows(g: Builder, rows: int, width: int, count: int) -> str:
    """scatternd_L_D_N: N rows of an input, at constant places, written over those of [L,D]."""
    where = g.const(((np.arange(count) * 7) % rows).reshape(count, 1))
    return g.op("ScatterND", g.input(rows, width), where, g.input(count, width))


def scatter_elements(g: Builder, rows: int, width: int, count: int) -> str:
    """scatterel_L_D_N: the same written as ScatterElements along the first axis."""
    where = g.const(np.repeat(((np.arange(count) * 7) % rows).reshape(count, 1), width, 1))
    return g.op("ScatterElements", g.input(rows, width), where, g.input(count, width), axis=0)


def maxpool(g: Builder, kernel: int, stride: int, channels: int, size: int) -> str:
    """maxpool_K_S_C_HW, padded by K // 2 where the windows overlap."""
    pad = kernel // 2 if kernel > stride else 0
    x = g.input(1, channels, size, size)
    return g.op("MaxPool", x, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)


def avgpool(g: Builder, kernel: int, stride: int, channels: int, size: int) -> str:
    """avgpool_K_S_C_HW, without padding."""
    return g.op(
        "AveragePool", g.input(1, channels, size, size), kernel_shape=[kernel] * 2, strides=[stride] * 2
    )


def global_pool(g: Builder, channels: int, size: int) -> str:
    """globalavg_C_HW."""
    return g.op("GlobalAveragePool", g.input(1, channels, size, size))


def gelu(g: Builder, rows: int, width: int) -> str:
    """gelu_L_D: x * 0.5 * (1 + erf(x / sqrt 2)), as exporters write it."""
    x = g.input(1, rows, width)
    erf = g.op("Erf", g.op("Div", x, g.const(2**0.5)))
    return g.op("Mul", g.op("Mul", x, g.op("Add", erf, g.const(1.0))), g.const(0.5))


def pixel_shuffle(g: Builder, block: int, channels: int, size: int) -> str:
    """depth2space_B_C_HW."""
    return g.op("DepthToSpace", g.input(1, channels, size, size), blocksize=block, mode="CRD")


def cast_f32(g: Builder, rows: int, width: int) -> str:
    """castf32_L_D: float32 in, float16 out."""
    return g.op("Cast", g.input(1, rows, width, dtype=TensorProto.FLOAT), to=TensorProto.FLOAT16)


#: Kinds whose name is numbers only.
FORMS: dict[str, Callable[..., str]] = {
    "mm": matmul, "bmm": batched, "wmm": windows, "conv": conv, "convb": conv_of_batch, "conv1d": conv_1d,
    "patch": patches, "deconv": deconv, "LayerNorm": layernorm, "rms": rmsnorm, "groupnorm": groupnorm,
    "instancenorm": instancenorm, "Transpose": swap_heads, "Concat": concat_images, "gather": gather,
    "ReduceSum": sum_over_second_last, "gatherlast": gather_columns, "scatternd": scatter_rows,
    "scatterel": scatter_elements, "maxpool": maxpool, "avgpool": avgpool, "globalavg": global_pool,
    "gelu": gelu, "depth2space": pixel_shuffle, "castf32": cast_f32, **op_chains.FORMS,
    **op_kinds.FORMS, **op_layers.FORMS,
}  # fmt: skip


def reduction(g: Builder, kind: str, axes: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """red_KIND_AXES_SHAPE: `red_Mean_23_1_256_56_56` is the mean over axes 2 and 3."""
    if kind == "Sum":
        return g.op("ReduceSum", g.input(*shape), g.const(list(axes)), keepdims=0)
    return g.op(f"Reduce{kind}", g.input(*shape), axes=list(axes), keepdims=0)


def permute(g: Builder, order: str, shape: tuple[int, ...]) -> str:
    """perm_ORDER_SHAPE: `perm_0231_1_64_80_80`."""
    return g.op("Transpose", g.input(*shape), perm=[int(axis) for axis in order])


def contraction(g: Builder, equation: str, sizes: tuple[int, ...]) -> str:
    """einsum_EQUATION_SIZES: `einsum_bhqd.bhkd.bhqk_1_12_128_64_128`, sizes of the letters in the order met."""
    *terms, out = equation.split(".")
    size = dict(zip(dict.fromkeys("".join(terms)), sizes, strict=True))
    return g.op(
        "Einsum", *(g.input(*(size[x] for x in t)) for t in terms), equation=f"{','.join(terms)}->{out}"
    )


def resize(g: Builder, mode: str, factor: int, channels: int, size: int) -> str:
    """resize_MODE_FACTOR_C_HW, mode nearest or linear."""
    place = {"nearest": "asymmetric", "linear": "half_pixel"}[mode]
    scales = g.const(np.array([1, 1, factor, factor], np.float32))
    return g.op(
        "Resize", g.input(1, channels, size, size), "", scales, mode=mode, nearest_mode="floor",
        coordinate_transformation_mode=place,
    )  # fmt: skip


def concat(g: Builder, axis: int, shapes: list[tuple[int, ...]]) -> str:
    """cat_AXIS_SHAPE_and_SHAPE ...: `cat_2_1_8_1023_128_and_1_8_1_128` appends one row to a cache."""
    return g.op("Concat", *(g.input(*shape) for shape in shapes), axis=axis)


def cut(g: Builder, axis: int, count: int, shape: tuple[int, ...]) -> list[str]:
    """split_AXIS_N_SHAPE: N equal parts, all of them outputs."""
    return g.op("Split", g.input(*shape), count=count, axis=axis)


def part(g: Builder, axis: int, begin: int, end: int, shape: tuple[int, ...]) -> str:
    """slice_AXIS_BEGIN_END_SHAPE."""
    return g.op("Slice", g.input(*shape), *(g.const([v]) for v in (begin, end, axis)))


def expand(g: Builder, shape: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """expand_SHAPE_to_SHAPE."""
    return g.op("Expand", g.input(*shape), g.const(list(wanted)))


def softmax_over(g: Builder, axis: int, shape: tuple[int, ...]) -> str:
    """softmaxax_AXIS_SHAPE."""
    return g.op("Softmax", g.input(*shape), axis=axis)


def running_sum(g: Builder, axis: int, shape: tuple[int, ...]) -> str:
    """cumsum_AXIS_SHAPE."""
    return g.op("CumSum", g.input(*shape), g.const(np.array(axis)))


def pairwise(g: Builder, kind: str, left: tuple[int, ...], right: tuple[int, ...], constant: bool) -> str:
    """`Add_64_56_56_by_64_1_1`; `Addc_...`: the second operand is a constant."""
    return g.op(kind, g.input(1, *left), g.weight(*right) if constant else g.input(*right))


def unary(g: Builder, kind: str, shape: tuple[int, ...]) -> str:
    """Any ONNX op of one input; Swish is Sigmoid and Mul."""
    x = g.input(1, *shape)
    if kind == "Swish":
        return g.op("Mul", x, g.op("Sigmoid", x))
    if kind == "Clip":
        return g.op(kind, x, g.const(0.0), g.const(6.0))
    return g.op(kind, x, **({"axis": -1} if kind == "Softmax" else {}))


def output(g: Builder, name: str) -> str | list[str]:
    """Write the op called `name` into `g`; ValueError if no form here knows it."""
    kind, _, rest = name.partition("_")
    head, _, tail = rest.partition("_")
    if kind in FORMS:
        return FORMS[kind](g, *numbers(rest))
    if kind in op_forms.FORMS:
        return op_forms.output(g, kind, rest)
    if kind.removesuffix("c") in BINARY:
        left, right = rest.split("_by_")
        return pairwise(g, kind.removesuffix("c"), numbers(left), numbers(right), kind.endswith("c"))
    if kind == "red":
        axes, _, shape = tail.partition("_")
        return reduction(g, head, tuple(map(int, axes)), numbers(shape))
    if kind == "perm":
        return permute(g, head, numbers(tail))
    if kind == "einsum":
        return contraction(g, head, numbers(tail))
    if kind == "resize":
        return resize(g, head, *numbers(tail))
    if kind == "cat":
        return concat(g, int(head), [numbers(shape) for shape in tail.split("_and_")])
    if kind == "split":
        axis, count, *shape = numbers(rest)
        return cut(g, axis, count, tuple(shape))
    if kind == "slice":
        axis, begin, end, *shape = numbers(rest)
        return part(g, axis, begin, end, tuple(shape))
    if kind == "expand":
        return expand(g, *(numbers(shape) for shape in rest.split("_to_")))
    if kind in ("softmaxax", "cumsum"):
        return {"softmaxax": softmax_over, "cumsum": running_sum}[kind](g, int(head), numbers(tail))
    if kind[:1].isupper():
        return unary(g, kind, numbers(rest))
    raise ValueError(f"no form of an op is called '{kind}' (in '{name}')")


def build(name: str, weights: bool = True) -> onnx.ModelProto:
    """The graph of one row; float16, the op's inputs and outputs those of the graph."""
    opset = op_forms.FORMS.get(name.partition("_")[0], (None, None, OPSET))[2]
    g = Builder(opset, weights=weights)
    found = output(g, name)
    return g.model(*([found] if isinstance(found, str) else found))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for op in sys.argv[2:]:
        onnx.save(build(op), folder / f"{op}.onnx")
