"""Shape rules of convolutions, pooling, matrix products and normalisations."""

from __future__ import annotations

from npusim.graph import DType
from npusim.loading.rules import Op, Out, Shape, axis_in, broadcast, checked, rule


def window(op: Op, spatial: Shape, kernel: Shape) -> list[int]:
    """Output extents of a sliding window, of convolution and pooling.

    With ceil_mode a last window that would begin behind the image is left out, in every opset, as the runtimes
    do (ONNX's own inference does so from opset 22 on only).
    """
    rank = len(spatial)
    strides = op.attributes.get("strides") or (1,) * rank
    dilations = op.attributes.get("dilations") or (1,) * rank
    pads = op.attributes.get("pads") or (0,) * (2 * rank)
    auto = op.attributes.get("auto_pad", "NOTSET")
    if len(strides) != rank or len(dilations) != rank or len(pads) != 2 * rank or len(kernel) != rank:
        raise ValueError(
            f"kernel {kernel}, strides {strides}, pads {pads} do not fit {rank} spatial dimensions"
        )
    if min((*strides, *dilations, *kernel), default=1) < 1:
        raise ValueError(f"strides {strides}, dilations {dilations} and kernel {kernel} must be 1 or more")
    if auto not in ("NOTSET", "", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise ValueError(f"auto_pad '{auto}' is none of ONNX's")
    out = []
    for i in range(rank):
        reach = dilations[i] * (kernel[i] - 1) + 1
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            out.append(-(-spatial[i] // strides[i]))
            continue
        before, after = (0, 0) if auto == "VALID" else (pads[i], pads[i + rank])
        padded = before + spatial[i] + after
        if padded < reach:
            if not spatial[i]:  # nothing in, nothing out
                out.append(0)
                continue
            raise ValueError(
                f"a window that reaches over {reach} does not fit into {padded}, padding included"
            )
        if op.attributes.get("ceil_mode", 0):
            count = -(-(padded - reach) // strides[i]) + 1
            out.append(count - ((count - 1) * strides[i] >= spatial[i] + before))
        else:
            out.append((padded - reach) // strides[i] + 1)
    return out


def convolve(op: Op, x: Shape, w: Shape, dtype: DType) -> list[Out]:
    groups = op.attributes.get("group", 1)
    if len(x) != len(w) or len(x) < 3:
        raise ValueError(f"input {x} and weights {w} must have the same number of dimensions, 3 or more")
    if x[1] != w[1] * groups or groups < 1 or w[0] % groups:
        raise ValueError(
            f"input {x} has {x[1]} channels, weights {w} in {groups} groups take {w[1] * groups}"
        )
    return [Out(dtype, checked([x[0], w[0], *window(op, x[2:], w[2:])]))]


@rule("Conv")
def conv(op: Op) -> list[Out]:
    return convolve(op, op.x(0).shape, op.x(1).shape, op.x(0).dtype)


@rule("ConvInteger")
def conv_integer(op: Op) -> list[Out]:
    return convolve(op, op.x(0).shape, op.x(1).shape, DType.INT32)


@rule("QLinearConv")
def qlinear_conv(op: Op) -> list[Out]:
    return convolve(op, op.x(0).shape, op.x(3).shape, op.x(7).dtype)


@rule("MaxPool", "AveragePool", "LpPool")
def pool(op: Op) -> list[Out]:
    x = op.x()
    if len(x.shape) < 3:
        raise ValueError(f"its input {x.shape} has no spatial dimensions")
    out = checked([*x.shape[:2], *window(op, x.shape[2:], tuple(op.attributes["kernel_shape"]))])
    return [Out(x.dtype, out), Out(DType.INT64, out)]


@rule("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(op: Op) -> list[Out]:
    x = op.x()
    if len(x.shape) < 2:
        raise ValueError(f"its input {x.shape} has no channels")
    return [Out(x.dtype, x.shape[:2] + (1,) * (len(x.shape) - 2))]


@rule("BatchNormalization")
def batch_normalization(op: Op) -> list[Out]:
    x = op.x()
    return [Out(x.dtype, x.shape)] + [Out(op.x(1).dtype, op.x(1).shape)] * (op.count - 1)


@rule("LayerNormalization")
def layer_normalization(op: Op) -> list[Out]:
    x = op.x()
    axis = axis_in(op.attributes.get("axis", -1), len(x.shape))
    row = Out(DType.FLOAT, x.shape[:axis] + (1,) * (len(x.shape) - axis))
    return [Out(x.dtype, x.shape), row, row]


def multiply(a: Shape, b: Shape) -> Shape:
    """The shape of a matrix product, with NumPy's rules for stacks and for vectors."""
    if not a or not b:
        raise ValueError(f"shapes {a} and {b}: a scalar has no matrix product")
    left = (1, *a) if len(a) == 1 else a
    right = (*b, 1) if len(b) == 1 else b
    if left[-1] != right[-2]:
        raise ValueError(f"shapes {a} and {b} do not multiply: {left[-1]} columns, {right[-2]} rows")
    rows = () if len(a) == 1 else left[-2:-1]
    columns = () if len(b) == 1 else right[-1:]
    return broadcast(left[:-2], right[:-2]) + rows + columns


@rule("MatMul")
def matmul(op: Op) -> list[Out]:
    return [Out(op.x(0).dtype, multiply(op.x(0).shape, op.x(1).shape))]


@rule("MatMulInteger")
def matmul_integer(op: Op) -> list[Out]:
    return [Out(DType.INT32, multiply(op.x(0).shape, op.x(1).shape))]


@rule("QLinearMatMul")
def qlinear_matmul(op: Op) -> list[Out]:
    return [Out(op.x(7).dtype, multiply(op.x(0).shape, op.x(3).shape))]


@rule("Gemm")
def gemm(op: Op) -> list[Out]:
    a, b = op.x(0).shape, op.x(1).shape
    if len(a) != 2 or len(b) != 2:
        raise ValueError(f"shapes {a} and {b} must have two dimensions")
    a = a[::-1] if op.attributes.get("transA", 0) else a
    b = b[::-1] if op.attributes.get("transB", 0) else b
    return [Out(op.x(0).dtype, multiply(a, b))]


@rule("Einsum")
def einsum(op: Op) -> list[Out]:
    equation = str(op.attributes["equation"]).replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(op.inputs):
        raise ValueError(f"equation '{equation}' takes {len(terms)} inputs, there are {len(op.inputs)}")
    sizes: dict[str, int] = {}
    ellipsis: Shape = ()
    for i, term in enumerate(terms):
        shape = op.x(i).shape
        head, dots, tail = term.partition("...")
        more = len(shape) - len(head) - len(tail)
        if more < 0 or (more and not dots):
            raise ValueError(f"term '{term}' does not fit shape {shape}")
        ellipsis = broadcast(ellipsis, shape[len(head) : len(head) + more])
        for letter, d in zip(head + tail, shape[: len(head)] + shape[len(head) + more :], strict=True):
            if sizes.setdefault(letter, d) != d and d != 1:
                if sizes[letter] != 1:
                    raise ValueError(f"'{letter}' of '{equation}' is {sizes[letter]} and {d}")
                sizes[letter] = d
    if not arrow:
        letters = left.replace(",", "").replace(".", "")
        right = "..." * ("..." in left) + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    head, dots, tail = right.partition("...")
    out = [sizes[c] for c in head] + (list(ellipsis) if dots else []) + [sizes[c] for c in tail]
    return [Out(op.x(0).dtype, tuple(out))]


@rule("ConvTranspose")
def conv_transpose(op: Op) -> list[Out]:
    x, w = op.x(0).shape, op.x(1).shape
    rank, groups = len(x) - 2, op.attributes.get("group", 1)
    if len(x) != len(w) or rank < 1:
        raise ValueError(f"input {x} and weights {w} must have the same number of dimensions, 3 or more")
    if groups < 1 or w[0] != x[1] or x[1] % groups:
        raise ValueError(f"input {x} has {x[1]} channels, weights {w} in {groups} groups take {w[0]}")
    strides = op.attributes.get("strides") or (1,) * rank
    dilations = op.attributes.get("dilations") or (1,) * rank
    pads = op.attributes.get("pads") or (0,) * (2 * rank)
    extra = op.attributes.get("output_padding") or (0,) * rank
    if not (len(strides) == len(dilations) == len(extra) == rank and len(pads) == 2 * rank):
        raise ValueError(
            f"strides {strides}, pads {pads}, output_padding {extra} do not fit {rank} dimensions"
        )
    if min((*strides, *dilations)) < 1:
        raise ValueError(f"strides {strides} and dilations {dilations} must be 1 or more")
    if op.attributes.get("output_shape"):
        spatial = list(op.attributes["output_shape"])[-rank:]
        if len(spatial) != rank:
            raise ValueError(f"output_shape {tuple(spatial)} does not fit {rank} spatial dimensions")
    elif str(op.attributes.get("auto_pad", "NOTSET")).startswith("SAME"):
        spatial = [d * s for d, s in zip(x[2:], strides, strict=True)]
    else:
        if op.attributes.get("auto_pad") == "VALID":
            pads = (0,) * (2 * rank)
        reach = [dilations[i] * (w[2 + i] - 1) + 1 for i in range(rank)]
        spatial = [
            strides[i] * (x[2 + i] - 1) + extra[i] + reach[i] - pads[i] - pads[i + rank] for i in range(rank)
        ]
    return [Out(op.x(0).dtype, checked([x[0], w[1] * groups, *spatial]))]
