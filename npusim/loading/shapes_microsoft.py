"""Shape rules of ops outside the ONNX standard: ONNX Runtime's com.microsoft, and xamba's."""

from __future__ import annotations

from npusim.graph import DType
from npusim.loading.rules import Op, Out, axis_in, broadcast, rule
from npusim.loading.shapes_nn import convolve, multiply

MS = "com.microsoft"


@rule(
    "QuickGelu", "Gelu", "BiasGelu", "FastGelu", "BiasAdd", "BiasDropout", "RotaryEmbedding", "GroupNorm",
    "Inverse", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", domain=MS,
)  # fmt: skip
def same_shape(op: Op) -> list[Out]:
    return [Out(op.x().dtype, op.x().shape)]


@rule("PWL", "Swish", domain="xamba")
def piecewise_linear(op: Op) -> list[Out]:
    return [Out(op.x().dtype, op.x().shape)]


@rule("BiasSplitGelu", domain=MS)
def bias_split_gelu(op: Op) -> list[Out]:
    x = op.x()
    return [Out(x.dtype, (*x.shape[:-1], x.shape[-1] // 2))]


@rule("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", domain=MS)
def skip_layer_normalization(op: Op) -> list[Out]:
    x = op.x()
    row = Out(DType.FLOAT, (*x.shape[:-1], 1))
    return [Out(x.dtype, x.shape), row, row, Out(x.dtype, x.shape)]


@rule("SimplifiedLayerNormalization")
@rule("SimplifiedLayerNormalization", domain=MS)
def simplified_layer_normalization(op: Op) -> list[Out]:
    x = op.x()
    axis = axis_in(op.attributes.get("axis", -1), len(x.shape))
    return [Out(x.dtype, x.shape), Out(DType.FLOAT, x.shape[:axis] + (1,) * (len(x.shape) - axis))]


@rule("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation", "GemmFastGelu", domain=MS)
def fused_matmul(op: Op) -> list[Out]:
    if op.attributes.get("transBatchA", 0) or op.attributes.get("transBatchB", 0):
        raise op.unknown("transposed batches have no shape rule")
    a, b = op.x(0).shape, op.x(1).shape
    if op.attributes.get("transA", 0) and len(a) > 1:
        a = (*a[:-2], a[-1], a[-2])
    if op.attributes.get("transB", 0) and len(b) > 1:
        b = (*b[:-2], b[-1], b[-2])
    return [Out(op.x(0).dtype, multiply(a, b))]


@rule("FusedGemm", domain=MS)
def fused_gemm(op: Op) -> list[Out]:
    a, b = op.x(0).shape, op.x(1).shape
    a = a[::-1] if op.attributes.get("transA", 0) else a
    b = b[::-1] if op.attributes.get("transB", 0) else b
    return [Out(op.x(0).dtype, multiply(a, b))]


@rule("FusedConv", domain=MS)
def fused_conv(op: Op) -> list[Out]:
    return convolve(op, op.x(0).shape, op.x(1).shape, op.x(0).dtype)


@rule("MatMulNBits", domain=MS)
def matmul_n_bits(op: Op) -> list[Out]:
    """Weights of 2 to 8 bits in blocks; attributes K and N give the real extents."""
    x = op.x()
    if x.shape[-1] != op.attributes["K"]:
        raise ValueError(f"input {x.shape} has {x.shape[-1]} columns, K is {op.attributes['K']}")
    return [Out(x.dtype, (*x.shape[:-1], op.attributes["N"]))]


@rule("MatMulIntegerToFloat", "DynamicQuantizeMatMul", domain=MS)
def matmul_to_float(op: Op) -> list[Out]:
    scale = op.x(2)
    return [Out(scale.dtype, multiply(op.x(0).shape, op.x(1).shape))]


@rule("QLinearAdd", "QLinearMul", domain=MS)
def qlinear_binary(op: Op) -> list[Out]:
    return [Out(op.x(0).dtype, broadcast(op.x(0).shape, op.x(3).shape))]


@rule("QGemm", domain=MS)
def qgemm(op: Op) -> list[Out]:
    a, b = op.x(0).shape, op.x(3).shape
    a = a[::-1] if op.attributes.get("transA", 0) else a
    b = b[::-1] if op.attributes.get("transB", 0) else b
    y_zero = op.opt(8)
    return [Out(DType.FLOAT if y_zero is None else y_zero.dtype, multiply(a, b))]


@rule("QLinearConcat", domain=MS)
def qlinear_concat(op: Op) -> list[Out]:
    parts = [op.x(i) for i in range(2, len(op.inputs), 3)]
    first = parts[0].shape
    axis = axis_in(op.attributes["axis"], len(first))
    total = sum(p.shape[axis] for p in parts)
    return [Out(parts[0].dtype, (*first[:axis], total, *first[axis + 1 :]))]


@rule("QLinearGlobalAveragePool", domain=MS)
def qlinear_global_pool(op: Op) -> list[Out]:
    x = op.x()
    last = op.attributes.get("channels_last", 0)
    spatial = (1,) * (len(x.shape) - 2)
    return [Out(x.dtype, (x.shape[0], *spatial, x.shape[-1]) if last else (*x.shape[:2], *spatial))]


@rule("QuantizeLinear", domain=MS)
def quantize(op: Op) -> list[Out]:
    zero = op.opt(2)
    return [Out(DType.UINT8 if zero is None else zero.dtype, op.x().shape)]


@rule("DequantizeLinear", domain=MS)
def dequantize(op: Op) -> list[Out]:
    return [Out(op.x(1).dtype, op.x().shape)]
