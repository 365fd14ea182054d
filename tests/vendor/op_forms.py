"""More graphs of one op by name: rarer ops, and forms of common ones that `op_graphs` has no words for.

Shapes in these names are whole: nothing leads that is not written. `bool` operands are made inside the graph, of a
comparison, so that inputs are float16.
"""

from collections.abc import Callable
from math import prod

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import OPSET, Builder

Shape = tuple[int, ...]


def numbers(text: str) -> Shape:
    """`1_64_80` as a shape; nothing is a scalar."""
    return tuple(int(word) for word in text.split("_") if word)


def gemm(g: Builder, word: str, m: int, k: int, n: int) -> str:
    """gemm_TATB_M_K_N: transA, transB as digits, weights and bias constants; `gemmi`: B an input."""
    first = g.input(k, m) if word[0] == "1" else g.input(m, k)
    return g.op(
        "Gemm", first, g.weight(*((n, k) if word[1] == "1" else (k, n))), g.weight(n),
        transA=int(word[0]), transB=int(word[1]),
    )  # fmt: skip


def gemm_of_inputs(g: Builder, word: str, m: int, k: int, n: int) -> str:
    """gemmi_TATB_M_K_N: two inputs, no bias."""
    first = g.input(k, m) if word[0] == "1" else g.input(m, k)
    second = g.input(n, k) if word[1] == "1" else g.input(k, n)
    return g.op("Gemm", first, second, transA=int(word[0]), transB=int(word[1]))


def product(g: Builder, left: Shape, right: Shape) -> str:
    """matmul_SHAPE_by_SHAPE: two inputs."""
    return g.op("MatMul", g.input(*left), g.input(*right))


def product_of_constant(g: Builder, left: Shape, right: Shape) -> str:
    """matmulc_SHAPE_by_SHAPE: the second is a constant."""
    return g.op("MatMul", g.input(*left), g.weight(*right))


def conv_form(g: Builder, image: Shape, weight: Shape, word: Shape) -> str:
    """convx_IMAGE_by_WEIGHT_with_S_D_G: any rank; stride, dilation, groups; padded to keep the size."""
    stride, dilation, groups = word
    half = [dilation * (k // 2) for k in weight[2:]]
    ones = [1] * len(half)
    return g.op(
        "Conv", g.input(*image), g.weight(*weight), pads=half * 2, strides=[stride * x for x in ones],
        dilations=[dilation * x for x in ones], group=groups,
    )  # fmt: skip


def deconv_form(g: Builder, image: Shape, weight: Shape, word: Shape) -> str:
    """deconvx_IMAGE_by_WEIGHT_with_S_G: a transposed convolution of any rank that multiplies the size by S."""
    stride, groups = word
    pads = [(k - stride) // 2 for k in weight[2:]] * 2
    strides = [stride] * len(weight[2:])
    return g.op("ConvTranspose", g.input(*image), g.weight(*weight), pads=pads, strides=strides, group=groups)


def pool(g: Builder, kind: str, word: Shape, image: Shape) -> str:
    """pool_KIND_K_S_P_CEIL_with_IMAGE: Max or Average, any rank; padding P a side, not counted."""
    kernel, stride, pad, ceil = word
    axes = len(image) - 2
    return g.op(
        f"{kind}Pool", g.input(*image), kernel_shape=[kernel] * axes, strides=[stride] * axes,
        pads=[pad] * 2 * axes, ceil_mode=ceil,
    )  # fmt: skip


def pad(g: Builder, mode: str, before: Shape, shape: Shape) -> str:
    """pad_MODE_BEFORE_with_SHAPE: as much behind as in front, an entry an axis."""
    return g.op("Pad", g.input(*shape), g.const(list(before) * 2), g.const(0.0), mode=mode)


def resize_to(g: Builder, mode: str, shape: Shape, wanted: Shape) -> str:
    """resizeto_MODE_SHAPE_to_SHAPE: nearest, linear, cubic; half_pixel."""
    return g.op(
        "Resize", g.input(*shape), "", "", g.const(list(wanted)), mode=mode,
        coordinate_transformation_mode="half_pixel",
    )  # fmt: skip


def places(g: Builder, shape: Shape, below: int) -> str:
    """Constant indices below a bound."""
    return g.const((np.arange(prod(shape)) * 7 % below).reshape(shape))


def gather(g: Builder, axis: int, shape: Shape, where: Shape) -> str:
    """gatherx_AXIS_SHAPE_by_SHAPE: an input at constant places."""
    return g.op("Gather", g.input(*shape), places(g, where, shape[axis]), axis=axis)


def gather_elements(g: Builder, axis: int, shape: Shape, where: Shape) -> str:
    """gatherel_AXIS_SHAPE_by_SHAPE: constant places."""
    return g.op("GatherElements", g.input(*shape), places(g, where, shape[axis]), axis=axis)


def gather_elements_anywhere(g: Builder, axis: int, shape: Shape, where: Shape) -> str:
    """gathereli_AXIS_SHAPE_by_SHAPE: places are an input."""
    return g.op("GatherElements", g.input(*shape), g.input(*where, dtype=TensorProto.INT64), axis=axis)


def gather_nd(g: Builder, shape: Shape, where: Shape) -> str:
    """gathernd_SHAPE_by_SHAPE: constant places, of as many leading axes as the last extent says."""
    return g.op("GatherND", g.input(*shape), places(g, where, min(shape[: where[-1]])))


def scatter_elements(g: Builder, axis: int, shape: Shape, where: Shape) -> str:
    """scatterelx_AXIS_SHAPE_by_SHAPE: constant places."""
    return g.op("ScatterElements", g.input(*shape), places(g, where, shape[axis]), g.input(*where), axis=axis)


def scatter_anywhere(g: Builder, shape: Shape, where: Shape) -> str:
    """scatterndi_SHAPE_by_SHAPE: rows at places that are an input."""
    updates = g.input(*where[:-1], *shape[where[-1] :])
    return g.op("ScatterND", g.input(*shape), g.input(*where, dtype=TensorProto.INT64), updates)


def top_k(g: Builder, axis: int, count: Shape, shape: Shape) -> list[str]:
    """topk_AXIS_K_with_SHAPE: values and places."""
    return g.op("TopK", g.input(*shape), g.const(list(count)), count=2, axis=axis)


def extreme(g: Builder, kind: str, word: Shape, shape: Shape) -> str:
    """arg_KIND_AXIS_KEEP_with_SHAPE: Max or Min."""
    return g.op(f"Arg{kind}", g.input(*shape), axis=word[0], keepdims=word[1])


def reduction(g: Builder, kind: str, axes: str, shape: Shape) -> str:
    """keep_KIND_AXES_with_SHAPE: a reduction that keeps its axes."""
    found = [int(axis) for axis in axes]
    if kind == "Sum":
        return g.op("ReduceSum", g.input(*shape), g.const(found))
    return g.op(f"Reduce{kind}", g.input(*shape), axes=found)


def where(g: Builder, condition: Shape, left: Shape, right: Shape) -> str:
    """where_SHAPE_by_SHAPE_by_SHAPE."""
    positive = g.op("Greater", g.input(*condition), g.const(0.0))
    return g.op("Where", positive, g.input(*left), g.input(*right))


def compared(g: Builder, kind: str, left: Shape, right: Shape) -> str:
    """cmp_KIND_SHAPE_by_SHAPE: a comparison, its answer as float16."""
    return g.op("Cast", g.op(kind, g.input(*left), g.input(*right)), to=TensorProto.FLOAT16)


def binary(g: Builder, kind: str, left: Shape, right: Shape) -> str:
    """bin_KIND_SHAPE_by_SHAPE: two inputs."""
    return g.op(kind, g.input(*left), g.input(*right))


def binary_constant(g: Builder, kind: str, left: Shape, right: Shape) -> str:
    """binc_KIND_SHAPE_by_SHAPE: the second is a constant."""
    return g.op(kind, g.input(*left), g.weight(*right))


def unary(g: Builder, kind: str, shape: Shape) -> str:
    """un_KIND_SHAPE: any op of one input, with its defaults."""
    return g.op(kind, g.input(*shape))


def along(g: Builder, kind: str, axis: int, shape: Shape) -> str:
    """ax_KIND_AXIS_SHAPE: any op of one input with an axis."""
    return g.op(kind, g.input(*shape), axis=axis)


def prelu(g: Builder, shape: Shape, slope: Shape) -> str:
    """prelu_SHAPE_by_SHAPE: slopes are constant."""
    return g.op("PRelu", g.input(*shape), g.weight(*slope))


def cast(g: Builder, kinds: str, shape: Shape) -> str:
    """cast_FROM.TO_SHAPE: names of ONNX types in lower case."""
    source, target = (getattr(TensorProto, kind.upper()) for kind in kinds.split("."))
    return g.op("Cast", g.input(*shape, dtype=source), to=target)


def tile(g: Builder, shape: Shape, times: Shape) -> str:
    """tile_SHAPE_by_TIMES."""
    return g.op("Tile", g.input(*shape), g.const(list(times)))


def strided(g: Builder, axis: int, word: Shape, shape: Shape) -> str:
    """step_AXIS_BEGIN_END_STEP_with_SHAPE: a Slice with a step."""
    begin, end, step = word
    return g.op("Slice", g.input(*shape), *(g.const([v]) for v in (begin, end, axis, step)))


def uneven(g: Builder, axis: int, parts: Shape, shape: Shape) -> list[str]:
    """parts_AXIS_PARTS_with_SHAPE: a Split of uneven parts."""
    return g.op("Split", g.input(*shape), g.const(list(parts)), count=len(parts), axis=axis)


def blocks(g: Builder, kind: str, block: int, shape: Shape) -> str:
    """space_KIND_B_SHAPE: d2s (DepthToSpace, DCR) or s2d."""
    return g.op({"d2s": "DepthToSpace", "s2d": "SpaceToDepth"}[kind], g.input(*shape), blocksize=block)


def recurrent(g: Builder, kind: str, steps: int, batch: int, width: int, hidden: int) -> list[str]:
    """rec_KIND_T_B_D_H: LSTM, GRU or RNN over T steps, one direction; its outputs all but the cell's state."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    weights = g.weight(1, gates * hidden, width), g.weight(1, gates * hidden, hidden)
    bias = g.weight(1, 2 * gates * hidden)
    extra = {"linear_before_reset": 1} if kind == "GRU" else {}
    return g.op(kind, g.input(steps, batch, width), *weights, bias, count=2, hidden_size=hidden, **extra)


def layer_norm(g: Builder, axis: int, shape: Shape) -> str:
    """ln_AXIS_SHAPE: LayerNormalization from an axis on."""
    scale = g.weight(*shape[axis:]), g.weight(*shape[axis:])
    return g.op("LayerNormalization", g.input(*shape), *scale, axis=axis)


def instance_norm(g: Builder, shape: Shape) -> str:
    """in_SHAPE: any rank."""
    return g.op("InstanceNormalization", g.input(*shape), g.weight(shape[1]), g.weight(shape[1]))


def group_norm(g: Builder, groups: int, shape: Shape) -> str:
    """gn_GROUPS_SHAPE: the op of opset 21, whose shape ONNX does not infer."""
    scale = g.weight(shape[1]), g.weight(shape[1])
    normal = g.op("GroupNormalization", g.input(*shape), *scale, num_groups=groups)
    return g.op("Reshape", normal, g.const(list(shape)))


def rms_norm(g: Builder, shape: Shape) -> str:
    """rmsop_SHAPE: the op of opset 23."""
    return g.op("RMSNormalization", g.input(*shape), g.weight(shape[-1]), axis=-1)


def batch_norm(g: Builder, shape: Shape) -> str:
    """bn_SHAPE."""
    spread = g.const(np.full(shape[1], 0.5, np.float16))
    three = (g.weight(shape[1]) for _ in range(3))
    return g.op("BatchNormalization", g.input(*shape), *three, spread)


def local_response(g: Builder, size: int, shape: Shape) -> str:
    """lrn_SIZE_SHAPE: divided by the root of squares over SIZE neighbouring channels."""
    return g.op("LRN", g.input(*shape), size=size, alpha=1e-4, beta=0.75, bias=1.0)


def sampled(g: Builder, shape: Shape, wanted: Shape) -> str:
    """grid_SHAPE_to_HW: an image sampled between its pixels, at places that are an input."""
    return g.op("GridSample", g.input(*shape), g.input(shape[0], *wanted, 2), mode="bilinear")


def several(g: Builder, kind: str, count: int, shape: Shape) -> str:
    """sum_KIND_N_SHAPE: Sum, Mean, Max or Min of N inputs."""
    return g.op(kind, *(g.input(*shape) for _ in range(count)))


def widen(g: Builder, shape: Shape, wanted: Shape) -> str:
    """reshape_SHAPE_to_SHAPE."""
    return g.op("Reshape", g.input(*shape), g.const(list(wanted)))


def triangle(g: Builder, upper: int, shape: Shape) -> str:
    """trilu_UPPER_SHAPE."""
    return g.op("Trilu", g.input(*shape), upper=upper)


def gated(g: Builder, kind: str, shape: Shape) -> str:
    """glu_KIND_SHAPE: both halves of the innermost axis, one through a function, multiplied."""
    left, right = g.op("Split", g.input(*shape), count=2, axis=-1)
    return g.op("Mul", left, g.op(kind, right))


def _first(text: str) -> tuple[int, Shape]:
    head, _, tail = text.partition("_")
    return int(head), numbers(tail)


def _by(text: str, word: str = "_by_") -> list[Shape]:
    return [numbers(part) for part in text.split(word)]


def _named(text: str) -> tuple[str, str]:
    head, _, tail = text.partition("_")
    return head, tail


def _windows(text: str) -> tuple[Shape, Shape, Shape]:
    shapes, _, word = text.partition("_with_")
    image, weight = _by(shapes)
    return image, weight, numbers(word)


def _axis(text: str) -> tuple[int, Shape, Shape]:
    axis, rest = _named(text)
    left, right = _by(rest)
    return int(axis), left, right


def _word(text: str) -> tuple[str, Shape, Shape]:
    kind, rest = _named(text)
    word, shape = _by(rest, "_with_")
    return kind, word, shape


def _kind(text: str) -> tuple[str, Shape, Shape]:
    kind, rest = _named(text)
    left, right = _by(rest)
    return kind, left, right


def _kept(text: str) -> tuple[str, str, Shape]:
    kind, rest = _named(text)
    axes, _, shape = rest.partition("_with_")
    return kind, axes, numbers(shape)


#: kind -> what writes it, how the rest of its name reads, opset.
FORMS: dict[str, tuple[Callable[..., str | list[str]], Callable[[str], tuple], int]] = {
    "gemm": (gemm, lambda t: (_named(t)[0], *numbers(_named(t)[1])), OPSET),
    "gemmi": (gemm_of_inputs, lambda t: (_named(t)[0], *numbers(_named(t)[1])), OPSET),
    "matmul": (product, _by, OPSET),
    "matmulc": (product_of_constant, _by, OPSET),
    "convx": (conv_form, _windows, OPSET),
    "deconvx": (deconv_form, _windows, OPSET),
    "pool": (pool, _word, OPSET),
    "pad": (pad, _word, OPSET),
    "resizeto": (resize_to, lambda t: (_named(t)[0], *_by(_named(t)[1], "_to_")), OPSET),
    "gatherx": (gather, _axis, OPSET),
    "gatherel": (gather_elements, _axis, OPSET),
    "gathereli": (gather_elements_anywhere, _axis, OPSET),
    "gathernd": (gather_nd, _by, OPSET),
    "scatterelx": (scatter_elements, _axis, OPSET),
    "scatterndi": (scatter_anywhere, _by, OPSET),
    "topk": (top_k, lambda t: (int(_named(t)[0]), *_by(_named(t)[1], "_with_")), OPSET),
    "arg": (extreme, _word, OPSET),
    "keep": (reduction, _kept, OPSET),
    "where": (where, _by, OPSET),
    "cmp": (compared, _kind, OPSET),
    "bin": (binary, _kind, OPSET),
    "binc": (binary_constant, _kind, OPSET),
    "un": (unary, lambda t: (_named(t)[0], numbers(_named(t)[1])), 20),
    "ax": (along, lambda t: (_named(t)[0], *_first(_named(t)[1])), OPSET),
    "prelu": (prelu, _by, OPSET),
    "cast": (cast, lambda t: (_named(t)[0], numbers(_named(t)[1])), OPSET),
    "tile": (tile, _by, OPSET),
    "step": (strided, lambda t: (int(_named(t)[0]), *_by(_named(t)[1], "_with_")), OPSET),
    "parts": (uneven, lambda t: (int(_named(t)[0]), *_by(_named(t)[1], "_with_")), OPSET),
    "space": (blocks, lambda t: (_named(t)[0], *_first(_named(t)[1])), OPSET),
    "rec": (recurrent, lambda t: (_named(t)[0], *numbers(_named(t)[1])), OPSET),
    "ln": (layer_norm, _first, OPSET),
    "in": (instance_norm, lambda t: (numbers(t),), OPSET),
    "gn": (group_norm, _first, 21),
    "rmsop": (rms_norm, lambda t: (numbers(t),), 23),
    "bn": (batch_norm, lambda t: (numbers(t),), OPSET),
    "lrn": (local_response, _first, OPSET),
    "grid": (sampled, lambda t: tuple(_by(t, "_to_")), OPSET),
    "sum": (several, lambda t: (_named(t)[0], *_first(_named(t)[1])), OPSET),
    "reshape": (widen, lambda t: tuple(_by(t, "_to_")), OPSET),
    "trilu": (triangle, _first, OPSET),
    "glu": (gated, lambda t: (_named(t)[0], numbers(_named(t)[1])), OPSET),
}  # fmt: skip


def output(g: Builder, kind: str, rest: str) -> str | list[str]:
    """Write one of `FORMS`."""
    write, read, _ = FORMS[kind]
    return write(g, *read(rest))
