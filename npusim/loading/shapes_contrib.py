"""Shape rules of ONNX Runtime's fused and quantised ops (com.microsoft) beyond the plain products."""

from __future__ import annotations

from npusim.graph import DType
from npusim.loading.rules import Op, Out, axis_in, broadcast, rule
from npusim.loading.shapes_nn import convolve, multiply, window

MS = "com.microsoft"


@rule(
    "GatedRMSNorm", "BranchwiseRMSNorm", "ScaledSiLU", "GatedAdd", "BiasSoftmax", "ComplexMul", "ComplexMulConj",
    "GemmaRotaryEmbedding", "Trilu", "MoE", "QMoE", domain=MS,
)  # fmt: skip
def same_shape(op: Op) -> list[Out]:
    x = op.x()
    return [Out(x.dtype, x.shape)] * op.count


@rule("SkipGroupNorm", domain=MS)
def skip_group_norm(op: Op) -> list[Out]:
    x = op.x()
    return [Out(x.dtype, x.shape), Out(x.dtype, x.shape)]


@rule("SwiGLU", domain=MS)
def swiglu(op: Op) -> list[Out]:
    """Gate and up apart, or both in one tensor."""
    x = op.x()
    return [Out(x.dtype, x.shape if op.opt(1) is not None else (*x.shape[:-1], x.shape[-1] // 2))]


@rule("LinearAttentionGate", domain=MS)
def linear_attention_gate(op: Op) -> list[Out]:
    return [Out(op.x().dtype, op.x().shape)] * op.count


@rule("EmbedLayerNormalization", domain=MS)
def embed_layer_normalization(op: Op) -> list[Out]:
    ids, table = op.x(0), op.x(2)
    if len(ids.shape) != 2 or len(table.shape) != 2:
        raise ValueError(f"ids {ids.shape} and word embedding {table.shape} must have two dimensions")
    out = Out(table.dtype, (*ids.shape, table.shape[1]))
    return [out, Out(DType.INT32, ids.shape[:1]), out]


@rule("GatherBlockQuantized", domain=MS)
def gather_block_quantized(op: Op) -> list[Out]:
    """Rows of a table of 2 to 8 bits, made floats. In bytes (uint8) several numbers share one, along the axis that
    is quantised in blocks."""
    table, index, scales = op.x(0), op.x(1), op.x(2)
    rank = len(table.shape)
    axis = axis_in(op.attributes.get("gather_axis", 0), rank)
    shape = list(table.shape)
    if table.dtype is DType.UINT8:
        bits = op.attributes.get("bits", 4)
        if bits not in (2, 4, 8):
            raise ValueError(f"bits must be 2, 4 or 8, not {bits}")
        shape[axis_in(op.attributes.get("quantize_axis", 1), rank)] *= 8 // bits
    return [Out(scales.dtype, (*shape[:axis], *index.shape, *shape[axis + 1 :]))]


@rule("MatMulInteger16", domain=MS)
def integer_product(op: Op) -> list[Out]:
    return [Out(DType.INT32, multiply(op.x(0).shape, op.x(1).shape))]


@rule("MatMulBnb4", domain=MS)
def matmul_bnb4(op: Op) -> list[Out]:
    x = op.x()
    if x.shape[-1] != op.attributes["K"]:
        raise ValueError(f"input {x.shape} has {x.shape[-1]} columns, K is {op.attributes['K']}")
    return [Out(x.dtype, (*x.shape[:-1], op.attributes["N"]))]


def channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], shape[-1], *shape[1:-1])


@rule("NhwcFusedConv", "NhwcConv", domain=MS)
def conv_channels_last(op: Op) -> list[Out]:
    """The image has its channels last, the weights are as in Conv."""
    x = op.x(0)
    if len(x.shape) < 3:
        raise ValueError(f"input {x.shape} has no spatial dimensions")
    [out] = convolve(op, channels_first(x.shape), op.x(1).shape, x.dtype)
    return [Out(x.dtype, (out.shape[0], *out.shape[2:], out.shape[1]))]


@rule("QLinearConv", domain=MS)
def qlinear_conv(op: Op) -> list[Out]:
    x, w = op.x(0), op.x(3)
    if not op.attributes.get("channels_last", 0):
        return convolve(op, x.shape, w.shape, op.x(7).dtype)
    [out] = convolve(op, channels_first(x.shape), w.shape, op.x(7).dtype)
    return [Out(out.dtype, (out.shape[0], *out.shape[2:], out.shape[1]))]


@rule("QLinearAveragePool", domain=MS)
def qlinear_average_pool(op: Op) -> list[Out]:
    x, last = op.x(0), op.attributes.get("channels_last", 0)
    shape = channels_first(x.shape) if last else x.shape
    if len(shape) < 3:
        raise ValueError(f"its input {x.shape} has no spatial dimensions")
    spatial = window(op, shape[2:], tuple(op.attributes["kernel_shape"]))
    return [Out(x.dtype, (shape[0], *spatial, shape[1]) if last else (*shape[:2], *spatial))]


@rule("QLinearReduceMean", domain=MS)
def qlinear_reduce_mean(op: Op) -> list[Out]:
    x = op.x(0)
    rank = len(x.shape)
    over = {axis_in(a, rank) for a in op.attributes.get("axes") or range(rank)}
    keep = op.attributes["keepdims"]
    return [
        Out(x.dtype, tuple(1 if i in over else d for i, d in enumerate(x.shape) if keep or i not in over))
    ]


@rule("QLinearWhere", domain=MS)
def qlinear_where(op: Op) -> list[Out]:
    return [Out(op.x(1).dtype, broadcast(op.x(0).shape, op.x(1).shape, op.x(4).shape))]
