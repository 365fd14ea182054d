"""Examples of matrix products, convolutions, poolings, attention and recurrent layers."""

from collections.abc import Callable

from npusim.graph import Value
from tests.ops.asking import I64, MS, U8, Example, case, constant, tensor, weight


@case("MatMul", "MatMulInteger")
def products(b: int, n: int) -> Example:
    return [tensor(b, 6, n), weight(n, 5)], [tensor(b, 6, 5)], {}


@case("CausalConvWithState")
def causal_conv(b: int, n: int) -> Example:
    return [tensor(b, 6, n), weight(6, 1, 4)], [tensor(b, 6, n)], {}


@case("FusedMatMul", "TransposeMatMul", domain=MS)
def fused(b: int, n: int) -> Example:
    return [tensor(b, 6, n), tensor(b, 5, n)], [tensor(b, 6, 5)], {"transB": 1}


@case("MatMulIntegerToFloat", "DynamicQuantizeMatMul", domain=MS)
def to_float(b: int, n: int) -> Example:
    return products(b, n)


@case("MatMulNBits", domain=MS)
def bits(b: int, n: int) -> Example:
    return [tensor(b, 6, n)], [tensor(b, 6, 5)], {"K": n, "N": 5, "bits": 4}


@case("QLinearMatMul")
def qlinear_matmul(b: int, n: int) -> Example:
    one = weight(1)
    left, right = tensor(b, 6, n, dtype=U8), weight(n, 5, dtype=U8)
    return [left, one, one, right, one, one, one, one], [tensor(b, 6, 5, dtype=U8)], {}


@case("Gemm")
def gemm(b: int, n: int) -> Example:
    return [tensor(b, n), weight(5, n)], [tensor(b, 5)], {"transB": 1}


@case("QGemm", domain=MS)
def qgemm(b: int, n: int) -> Example:
    return (
        [tensor(b, n, dtype=U8), weight(1), weight(1), weight(n, 5, dtype=U8)],
        [tensor(b, 5, dtype=U8)],
        {},
    )


@case("Einsum")
def einsum(b: int, n: int) -> Example:
    return [tensor(b, 6, n), tensor(b, n, 5)], [tensor(b, 6, 5)], {"equation": "bmk,bkn->bmn"}


@case("Conv", "ConvInteger")
def conv(b: int, n: int) -> Example:
    return [tensor(b, 6, n, 8), weight(4, 3, 3, 3)], [tensor(b, 4, n, 8)], {"group": 2, "pads": (1, 1, 1, 1)}


@case("FusedConv", "NhwcFusedConv", domain=MS)
def fused_conv(b: int, n: int) -> Example:
    return conv(b, n)


@case("QLinearConv")
def qlinear_conv(b: int, n: int) -> Example:
    one = weight(1)
    (x, w), outputs, attributes = conv(b, n)
    return [x, one, one, w, one, one, one, one], outputs, attributes


@case("ConvTranspose")
def conv_transpose(b: int, n: int) -> Example:
    return [tensor(b, 6, n, 8), weight(6, 4, 2, 2)], [tensor(b, 4, 2 * n, 16)], {"strides": (2, 2)}


@case("DeformConv")
def deform_conv(b: int, n: int) -> Example:
    return [tensor(b, 6, n, 8), weight(4, 6, 3, 3), tensor(b, 18, n, 8)], [tensor(b, 4, n, 8)], {}


@case("MaxPool", "AveragePool", "LpPool")
def pool(b: int, n: int) -> Example:
    return [tensor(b, 6, 2 * n, 8)], [tensor(b, 6, n, 4)], {"kernel_shape": (2, 2), "strides": (2, 2)}


@case("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool")
def global_pool(b: int, n: int) -> Example:
    return [tensor(b, 6, n, n)], [tensor(b, 6, 1, 1)], {}


@case("QLinearGlobalAveragePool", domain=MS)
def qlinear_pool(b: int, n: int) -> Example:
    return global_pool(b, n)


@case("MaxUnpool")
def unpool(b: int, n: int) -> Example:
    return [tensor(b, 6, n, 4), tensor(b, 6, n, 4, dtype=I64)], [tensor(b, 6, 2 * n, 8)], {}


@case("MaxRoiPool", "RoiAlign")
def roi(b: int, n: int) -> Example:
    return [tensor(1, 6, 8, 8), tensor(b, 4), tensor(b, dtype=I64)], [tensor(b, 6, n, 4)], {}


@case("Attention")
def attention(b: int, n: int) -> Example:
    return [tensor(b, 4, n, 8), tensor(b, 2, n, 8), tensor(b, 2, n, 8)], [tensor(b, 4, n, 8)], {}


@case("MultiHeadAttention", domain=MS)
def multi_head(b: int, n: int) -> Example:
    return [tensor(b, n, 32), tensor(b, n, 32), tensor(b, n, 32)], [tensor(b, n, 32)], {"num_heads": 4}


@case("GroupQueryAttention", domain=MS)
def group_query(b: int, n: int) -> Example:
    inputs: list[Value | None] = [tensor(b, n, 32), tensor(b, n, 16), tensor(b, n, 16)]
    return (
        inputs,
        [tensor(b, n, 32), tensor(b, 2, n, 8), tensor(b, 2, n, 8)],
        {"num_heads": 4, "kv_num_heads": 2},
    )


@case("Attention", domain=MS)
def attention_microsoft(b: int, n: int) -> Example:
    return [tensor(b, n, 32), weight(32, 96)], [tensor(b, n, 32)], {"num_heads": 4}


@case("LinearAttention")
def linear_attention(b: int, n: int) -> Example:
    heads = {"q_num_heads": 4, "kv_num_heads": 2}
    return [tensor(b, n, 32), tensor(b, n, 16), tensor(b, n, 16)], [tensor(b, n, 32)], heads


def _recurrent(gates: int) -> Callable[[int, int], Example]:
    def make(b: int, n: int) -> Example:
        return [tensor(n, b, 6), weight(1, gates * 5, 6), weight(1, gates * 5, 5)], [tensor(n, 1, b, 5)], {}

    return make


for _name, _gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    case(_name)(_recurrent(_gates))


@case("DFT")
def dft(b: int, n: int) -> Example:
    return [tensor(b, n, 1)], [tensor(b, n, 2)], {"axis": 1}


@case("STFT")
def stft(b: int, n: int) -> Example:
    return [tensor(b, 9 * n), constant(8), weight(16), constant(16)], [tensor(b, n, 9, 2)], {}


@case("AffineGrid")
def affine_grid(b: int, n: int) -> Example:
    return [tensor(b, 2, 3), constant(b, 1, n, 4)], [tensor(b, n, 4, 2)], {}
