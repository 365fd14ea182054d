"""Examples of ONNX Runtime's fused and quantised ops."""

from tests.ops.asking import I64, MS, U8, Example, case, tensor, weight


@case(
    "Gelu", "BiasAdd", "BiasDropout", "SwiGLU", "ScaledSiLU", "GatedAdd", "ComplexMul", "ComplexMulConj",
    "GemmaRotaryEmbedding", "QLinearWhere", "Trilu", "LinearAttentionGate", "GatedRMSNorm", "BranchwiseRMSNorm",
    "BiasSoftmax", "SkipGroupNorm",
    domain=MS,
)  # fmt: skip
def same_shape(b: int, n: int) -> Example:
    return [tensor(b, 3, n), tensor(b, 3, n)], [tensor(b, 3, n)], {}


@case("BiasSplitGelu", domain=MS)
def split_gelu(b: int, n: int) -> Example:
    return [tensor(b, 3, 2 * n), weight(2 * n)], [tensor(b, 3, n)], {}


@case("FusedGemm", "GemmFastGelu", "FusedMatMulActivation", "MatMulInteger16", domain=MS)
def products(b: int, n: int) -> Example:
    return [tensor(b * 6, n), weight(n, 5)], [tensor(b * 6, 5)], {}


@case("MatMulBnb4", domain=MS)
def four_bits(b: int, n: int) -> Example:
    return [tensor(b, 6, n)], [tensor(b, 6, 5)], {"K": n, "N": 5}


@case("NhwcConv", domain=MS)
def conv_channels_last(b: int, n: int) -> Example:
    return [tensor(b, 8, n, 6), weight(5, 6, 1, 1)], [tensor(b, 8, n, 5)], {}


@case("QLinearConv", domain=MS)
def qlinear_conv(b: int, n: int) -> Example:
    one = weight(1)
    inputs = [tensor(b, 6, 8, n, dtype=U8), one, one, weight(5, 6, 1, 1, dtype=U8), one, one, one, one]
    return inputs, [tensor(b, 5, 8, n, dtype=U8)], {}


@case("QLinearConcat", domain=MS)
def qlinear_concat(b: int, n: int) -> Example:
    part, one = tensor(b, n, dtype=U8), weight(1)
    return [one, one, part, one, one, part, one, one], [tensor(b, 2 * n, dtype=U8)], {"axis": 1}


@case("QLinearAveragePool", domain=MS)
def qlinear_pool(b: int, n: int) -> Example:
    return (
        [tensor(b, 6, n, 8, dtype=U8)],
        [tensor(b, 6, n, 4, dtype=U8)],
        {"kernel_shape": (1, 2), "strides": (1, 2)},
    )


@case("QLinearReduceMean", domain=MS)
def qlinear_mean(b: int, n: int) -> Example:
    return [tensor(b, 6, n, dtype=U8)], [tensor(b, 6, 1, dtype=U8)], {"axes": (2,), "keepdims": 1}


@case("Inverse", domain=MS)
def inverse(b: int, n: int) -> Example:
    return [tensor(b, n, n)], [tensor(b, n, n)], {}


@case("MoE", domain=MS)
def mixture(b: int, n: int) -> Example:
    weights = [weight(4, 12, n), None, weight(4, n, 12)]
    return [tensor(b, n), tensor(b, 4), *weights], [tensor(b, n)], {"k": 2}


@case("QMoE", domain=MS)
def quantised_mixture(b: int, n: int) -> Example:
    weights = [weight(4, 12, n, dtype=U8), weight(4, 12), None, weight(4, n, 6, dtype=U8), weight(4, n), None]
    return [tensor(b, n), tensor(b, 4), *weights], [tensor(b, n)], {"k": 2, "expert_weight_bits": 4}


@case("QAttention", domain=MS)
def quantised_attention(b: int, n: int) -> Example:
    one = weight(1)
    return (
        [tensor(b, n, 32, dtype=U8), weight(32, 96, dtype=U8), one, one],
        [tensor(b, n, 32)],
        {"num_heads": 4},
    )


@case("DecoderMaskedMultiHeadAttention", domain=MS)
def decoder(b: int, n: int) -> Example:
    cache = tensor(b, 4, n, 8)
    inputs = [tensor(b, 1, 32), tensor(b, 1, 32), tensor(b, 1, 32), None, None, cache, cache]
    return inputs, [tensor(b, 1, 32)], {"num_heads": 4}


@case("SparseAttention", domain=MS)
def sparse(b: int, n: int) -> Example:
    cache = tensor(b, 2, n, 8)
    inputs = [tensor(b, 2, 32), tensor(b, 2, 16), tensor(b, 2, 16), cache, cache, tensor(1, 2, dtype=I64)]
    return inputs, [tensor(b, 2, 32), cache, cache], {"num_heads": 4, "kv_num_heads": 2}


@case("LinearAttention", domain=MS)
def linear_attention(b: int, n: int) -> Example:
    heads = {"q_num_heads": 4, "kv_num_heads": 2}
    return [tensor(b, n, 32), tensor(b, n, 16), tensor(b, n, 16)], [tensor(b, n, 32)], heads


@case("CausalConvWithState", domain=MS)
def causal_conv(b: int, n: int) -> Example:
    return [tensor(b, 6, n), weight(6, 1, 4)], [tensor(b, 6, n)], {}


@case("DynamicQuantizeLSTM", domain=MS)
def quantised_lstm(b: int, n: int) -> Example:
    weights = [weight(1, 6, 20, dtype=U8), weight(1, 5, 20, dtype=U8)]
    return [tensor(n, b, 6), *weights, weight(1, 40), tensor(b, dtype=I64)], [tensor(n, 1, b, 5)], {}
