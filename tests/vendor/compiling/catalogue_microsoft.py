"""Forms of ONNX Runtime's contributed ops that OpenVINO reads; the others are refused by name."""

from tests.vendor.compiling.forms import MS, SHAPES, G, form

FLOATS = "float32 float16"


def op(g: G, kind: str, *inputs: str, **more):
    return g.op(kind, *inputs, domain=MS, **more)


@form("FusedMatMul TransposeMatMul", types=FLOATS, domain=MS, ranks=(2, 3, 4))
def fused_matmul(g: G, rank: int, dtype: str, kind: str):
    s = SHAPES[rank]
    return op(g, kind, g.x(s, dtype), g.x((*s[:-2], 16, 8), dtype), alpha=0.5)


@form("FusedGemm", types=FLOATS, domain=MS)
def fused_gemm(g: G, rank: int, dtype: str):
    return op(g, "FusedGemm", g.x((4, 16), dtype), g.w((16, 8), dtype), g.w((8,), dtype), activation="Relu")


@form("FusedConv", types=FLOATS, domain=MS)
def fused_conv(g: G, rank: int, dtype: str):
    return op(g, "FusedConv", g.x((1, 8, 12, 12), dtype), g.w((8, 8, 3, 3), dtype), activation="Relu")


@form("SkipLayerNormalization SkipSimplifiedLayerNormalization", types=FLOATS, domain=MS)
def skip_norm(g: G, rank: int, dtype: str, kind: str):
    return op(g, kind, g.x((1, 8, 16), dtype), g.x((1, 8, 16), dtype), g.w((16,), dtype))


@form("SimplifiedLayerNormalization", types=FLOATS, domain=MS)
def simple_norm(g: G, rank: int, dtype: str):
    return op(g, "SimplifiedLayerNormalization", g.x((1, 8, 16), dtype), g.w((16,), dtype), axis=-1)


@form("EmbedLayerNormalization", domain=MS)
def embed(g: G, rank: int, dtype: str):
    ids, segments = g.x((1, 8), "int32"), g.x((1, 8), "int32")
    tables = (g.w((100, 16)), g.w((8, 16)), g.w((2, 16)))
    return op(g, "EmbedLayerNormalization", ids, segments, *tables, g.w((16,)), g.w((16,)), count=2)


@form("Attention", types=FLOATS, domain=MS)
def attention(g: G, rank: int, dtype: str):
    return op(g, "Attention", g.x((1, 8, 16), dtype), g.w((16, 48), dtype), g.w((48,), dtype), num_heads=2)


@form("Attention", "mask", domain=MS)
def attention_mask(g: G, rank: int, dtype: str):
    return op(g, "Attention", g.x((1, 8, 16)), g.w((16, 48)), g.w((48,)), g.x((1, 8), "int32"), num_heads=2)


@form("MultiHeadAttention", types=FLOATS, domain=MS)
def heads(g: G, rank: int, dtype: str):
    return op(g, "MultiHeadAttention", *(g.x((1, 8, 32), dtype) for _ in range(3)), num_heads=2)


@form("GroupQueryAttention", domain=MS)
def grouped(g: G, rank: int, dtype: str):
    past = (1, 2, 16, 8)
    inputs = (
        g.x((1, 1, 32)),
        g.x((1, 1, 16)),
        g.x((1, 1, 16)),
        g.x(past),
        g.x(past),
        g.x((1,), "int32"),
        g.c(16, "int32"),
    )
    return op(g, "GroupQueryAttention", *inputs, num_heads=4, kv_num_heads=2, count=3)


@form("RotaryEmbedding", domain=MS)
def rotary(g: G, rank: int, dtype: str):
    return op(g, "RotaryEmbedding", g.x((1, 2, 8, 16)), g.x((1, 8), "int64"), g.w((8, 8)), g.w((8, 8)))


@form("MatMulNBits", types=FLOATS, domain=MS)
def nbits(g: G, rank: int, dtype: str):
    weights, scales = g.w((32, 2, 16), "uint8"), g.w((64,), dtype)
    return op(g, "MatMulNBits", g.x((1, 4, 64), dtype), weights, scales, K=64, N=32, bits=4, block_size=32)


@form("QuantizeLinear", types="uint8 int8", domain=MS)
def quantize(g: G, rank: int, dtype: str):
    return op(g, "QuantizeLinear", g.x(SHAPES[3]), g.c(0.1), g.c(0, dtype))


@form("DequantizeLinear", types="uint8 int8", domain=MS)
def dequantize(g: G, rank: int, dtype: str):
    return op(g, "DequantizeLinear", g.x(SHAPES[3], dtype), g.c(0.1), g.c(0, dtype))


@form("QLinearAdd QLinearMul", types="uint8 int8", domain=MS)
def qlinear_pair(g: G, rank: int, dtype: str, kind: str):
    side = lambda: (g.x(SHAPES[3], dtype), g.c(0.1), g.c(1, dtype))
    return op(g, kind, *side(), *side(), g.c(0.2), g.c(2, dtype))


@form("QLinearSigmoid QLinearLeakyRelu", types="uint8 int8", domain=MS)
def qlinear_unary(g: G, rank: int, dtype: str, kind: str):
    return op(g, kind, g.x(SHAPES[3], dtype), g.c(0.1), g.c(1, dtype), g.c(0.2), g.c(2, dtype))


@form("QLinearConcat", types="uint8", domain=MS)
def qlinear_concat(g: G, rank: int, dtype: str):
    parts = [w for _ in range(2) for w in (g.x(SHAPES[3], dtype), g.c(0.1), g.c(1, dtype))]
    return op(g, "QLinearConcat", g.c(0.2), g.c(2, dtype), *parts, axis=1)


@form("DynamicQuantizeMatMul", domain=MS)
def dynamic_matmul(g: G, rank: int, dtype: str):
    return op(g, "DynamicQuantizeMatMul", g.x((4, 16)), g.w((16, 8), "int8"), g.c(0.1), g.c(0, "int8"))


@form("MatMulIntegerToFloat", types="uint8 int8", domain=MS)
def integer_float(g: G, rank: int, dtype: str):
    return op(g, "MatMulIntegerToFloat", g.x((4, 16), dtype), g.w((16, 8), "int8"), g.c(0.1), g.c(0.1))


@form("BiasSplitGelu", domain=MS)
def split_gelu(g: G, rank: int, dtype: str):
    return op(g, "BiasSplitGelu", g.x((1, 4, 32)), g.w((32,)))


@form("GroupNorm", domain=MS)
def group_norm(g: G, rank: int, dtype: str):
    return op(g, "GroupNorm", g.x((1, 8, 8, 16)), g.w((16,)), g.w((16,)), groups=2, activation=1)


@form("Pad", domain=MS)
def pad(g: G, rank: int, dtype: str):
    return op(g, "Pad", g.x((4, 16)), g.c([0, 1, 0, 1], "int64"))


@form("Trilu", domain=MS)
def trilu(g: G, rank: int, dtype: str):
    return op(g, "Trilu", g.x((2, 8, 8)), upper=1)


@form("Range", domain=MS)
def range_(g: G, rank: int, dtype: str):
    return op(g, "Range", g.c(0), g.c(8), g.c(1))


@form("GatherND", domain=MS)
def gather_nd(g: G, rank: int, dtype: str):
    return op(g, "GatherND", g.x((4, 16)), g.x((3, 1), "int64"))


@form("ExpandDims", domain=MS)
def expand_dims(g: G, rank: int, dtype: str):
    return op(g, "ExpandDims", g.x((4, 16)), g.c(0, "int32"))


@form("CDist", domain=MS)
def cdist(g: G, rank: int, dtype: str):
    return op(g, "CDist", g.x((4, 16)), g.x((8, 16)), metric="euclidean")
