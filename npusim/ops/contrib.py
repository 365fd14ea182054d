"""ONNX Runtime's fused and quantised ops (com.microsoft): each is priced as the plain ops it stands for.

Sources: the op's description in ONNX Runtime's schema says what it computes; which engine takes the plain ops is
said in their own files. Activations inside a fused product ride along in the drain path, as in Conv + Relu.
"""

from __future__ import annotations

from dataclasses import replace as changed
from math import prod

from npusim.graph import Value
from npusim.ops.convolution import WAYS, convolution
from npusim.ops.counting import TABLE_BYTES, copy, dsp, product, vector
from npusim.ops.matmul import gemm_lowering
from npusim.ops.registry import VIEW, OpCase, Rule, op
from npusim.work import Lowering, VectorWork, Work

MICROSOFT = "com.microsoft"
MAC = ("mac_array",)


@op("FusedGemm", "GemmFastGelu", "FusedMatMulActivation", "MatMulInteger16", domain=MICROSOFT, lowerings=MAC)
def fused_product(c: OpCase) -> Lowering:
    """A product whose bias, scale and activation the drain path applies."""
    return gemm_lowering(c, c.input(0), c.input(1))


@op("MatMulBnb4", domain=MICROSOFT, lowerings=MAC)
def matmul_bnb4(c: OpCase) -> Lowering:
    """Weights of 4 bits in a flat tensor, the largest value of each block beside them; K and N are attributes."""
    left = c.input(0)
    k, n = int(c.attr("K")), int(c.attr("N"))
    work = product(left.elements // k, k, n, 1, left, left, c.output)
    side = c.input(2).elements * c.input(2).dtype.bits / 8 if c.has(2) else 0.0
    side = max(0.0, side - TABLE_BYTES * n)
    return Lowering("mac_array", (changed(work, weight_bytes=0.5, side_bytes=side),))


def _channels_first(value: Value) -> Value:
    shape = value.shape
    return changed(value, shape=(shape[0], shape[-1], *shape[1:-1]))


@op("NhwcConv", domain=MICROSOFT, lowerings=WAYS)
def conv_channels_last(c: OpCase) -> tuple[Lowering, ...]:
    """Channels last is how the NPU keeps an image anyway."""
    return _convolution(c, 1)


@op("QLinearConv", domain=MICROSOFT, lowerings=WAYS)
def qlinear_conv(c: OpCase) -> tuple[Lowering, ...]:
    last = bool(c.attr("channels_last", 0))
    return _convolution(c, 3) if last else convolution(c, c.input(0), c.input(3))


def _convolution(c: OpCase, weights: int) -> tuple[Lowering, ...]:
    inside = OpCase(c.node, c.inputs, (_channels_first(c.output),), c.opset, c.reads)
    return convolution(inside, _channels_first(c.input(0)), c.input(weights))


def _steps(*kernels: str) -> Rule:
    """Elementwise kernels over the output, one after another."""
    return lambda c: Lowering("dsp", tuple(vector(c, kernel) for kernel in kernels))


for _names, _kernels in (
    (("Gelu",), ("gelu",)),
    (("BiasAdd", "BiasDropout"), ("add", "add")),
    (("BiasSplitGelu",), ("add", "gelu", "mul")),
    (("SwiGLU",), ("swish", "mul")),
    (("ScaledSiLU",), ("mul", "swish")),
    (("GatedAdd",), ("mul", "add")),
    (("ComplexMul", "ComplexMulConj"), ("mul", "mul", "add")),
    (("GemmaRotaryEmbedding",), ("sin", "cos", "mul", "mul", "add")),
    (("QLinearWhere", "Trilu"), ("select",)),
    (("LinearAttentionGate",), ("add", "softplus", "mul", "sigmoid")),
):
    op(*_names, domain=MICROSOFT, kernels=tuple(dict.fromkeys(_kernels)))(_steps(*_kernels))


def _rows(kernel: str, before: tuple[str, ...] = (), behind: tuple[str, ...] = ()) -> Rule:
    """A normalisation of the innermost axis, with elementwise kernels before and behind it."""

    def rule(c: OpCase) -> Lowering:
        source = c.input(0)
        rows = source.elements // max(source.shape[-1] if source.shape else 1, 1)
        middle = vector(c, kernel, source.elements, rows, rows)
        return Lowering("dsp", (*(vector(c, k) for k in before), middle, *(vector(c, k) for k in behind)))

    return rule


op("GatedRMSNorm", domain=MICROSOFT, kernels=("rmsnorm", "swish", "mul"))(
    _rows("rmsnorm", behind=("swish", "mul"))
)
op("BranchwiseRMSNorm", domain=MICROSOFT, kernels=("rmsnorm",))(_rows("rmsnorm"))
op("BiasSoftmax", domain=MICROSOFT, kernels=("add", "softmax"))(_rows("softmax", before=("add",)))


@op("SkipGroupNorm", domain=MICROSOFT, kernels=("add", "mvn"))
def skip_group_norm(c: OpCase) -> Lowering:
    groups = c.input(0).shape[0] * int(c.attr("groups", 1))
    return Lowering("dsp", (vector(c, "add"), vector(c, "mvn", c.input(0).elements, groups, groups)))


@op("QLinearConcat", domain=MICROSOFT, lowerings=("dma", "view"))
def qlinear_concat(c: OpCase) -> tuple[Lowering, ...]:
    """A copy of every part; the DMA cannot rescale, so parts of another scale are priced as copies too."""
    out = c.output
    parts = [c.input(i) for i in range(2, len(c.inputs), 3)]
    if len(parts) < 2:
        return (VIEW,)
    return (Lowering("dma", (copy(out.npu_bytes),)),)


@op("QLinearAveragePool", domain=MICROSOFT, kernels=("reduce_sum",))
def qlinear_average_pool(c: OpCase) -> Lowering:
    taps = prod(int(k) for k in c.attr("kernel_shape"))
    count = c.output.elements
    return dsp(c, "reduce_sum", count * taps, count, count)


@op("QLinearReduceMean", domain=MICROSOFT, kernels=("reduce_mean",))
def qlinear_reduce_mean(c: OpCase) -> Lowering:
    rest = c.output.elements
    return dsp(c, "reduce_mean", c.input(0).elements, rest, rest)


@op("Inverse", domain=MICROSOFT, kernels=("default",))
def inverse(c: OpCase) -> Lowering:
    """n^3 multiply-adds of a Gauss-Jordan elimination per matrix [.., n, n]."""
    source = c.input(0)
    size, matrices = source.shape[-1], prod(source.shape[:-2])
    return dsp(c, "default", matrices * size**3, matrices, matrices)


@op("MoE", domain=MICROSOFT, lowerings=("decomposed",), kernels=("topk", "softmax", "gelu", "add", "mul"),
    ranks={1: (2,), 2: (3,)})  # fmt: skip
def mixture(c: OpCase) -> Lowering:
    """Inputs x, router scores, then weights and bias of fc1, fc2, fc3 in turn."""
    return _experts(c, 2, 4, 6, 8)


@op("QMoE", domain=MICROSOFT, lowerings=("decomposed",), kernels=("topk", "softmax", "gelu", "add", "mul"),
    ranks={1: (2,), 2: (3,)})  # fmt: skip
def quantised_mixture(c: OpCase) -> Lowering:
    """Weights of `expert_weight_bits` bits, each with scales and a bias behind it."""
    return _experts(c, 2, 5, 8, int(c.attr("expert_weight_bits", 4)))


def _experts(c: OpCase, first: int, second: int, third: int, bits: int) -> Lowering:
    """Fixed routing: every token goes to k experts, all experts get as many tokens. An expert is two products
    [inner, hidden] and [hidden, inner] with an activation between; fused gates have twice the inner rows."""
    x, scores = c.input(0), c.input(1)
    tokens, experts = scores.shape
    k = max(1, min(int(c.attr("k", 1)), experts))
    hidden = x.shape[-1]
    if not hidden or x.elements != tokens * hidden:
        raise c.wrong(f"input {list(x.shape)} and router scores {list(scores.shape)} do not fit")
    used = min(experts, tokens * k)
    rows = -(-tokens * k // used)
    inner = c.input(first).shape[1]
    down = c.input(second).shape[2] * (8 // bits if bits < 8 else 1)
    size = bits / 8 if c.node.op_type == "QMoE" else c.input(first).dtype.npu_bytes

    def dense(inputs: int, outputs: int) -> Work:
        return changed(product(rows, inputs, outputs, used, x, x, c.output), weight_bytes=size)

    def kernel(name: str, count: int) -> VectorWork:
        return VectorWork(name, count, 1, count)

    steps: list[Work] = [
        VectorWork("topk", scores.elements, tokens, tokens),
        VectorWork("softmax", scores.elements, tokens, tokens),
        dense(hidden, inner),
        kernel("gelu", used * rows * down),
    ]
    if c.has(third):
        steps.append(dense(hidden, c.input(third).shape[1]))
    if c.has(third) or inner == 2 * down:
        steps.append(kernel("mul", used * rows * down))
    steps += [dense(down, hidden), kernel("mul", tokens * k * hidden), kernel("add", tokens * k * hidden)]
    return Lowering("decomposed", tuple(steps))
