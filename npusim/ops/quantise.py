"""Changes of element type: casts, quantisation, and elementwise ops on quantised tensors.

In Intel's int8 networks a quantisation between two MAC-array ops costs nothing (the drain path and the read
path convert); in front of a matrix product of fp16 data it is an elementwise pass (whole_networks facts, 5).
The compiler profile decides between `fused`, `mac_array` and `dsp`.
"""

from __future__ import annotations

from npusim.graph import DType
from npusim.ops.counting import dsp, per_element, vector
from npusim.ops.pooling import global_pool
from npusim.ops.registry import VIEW, OpCase, Rule, op
from npusim.work import Lowering, MacOp

MICROSOFT = "com.microsoft"
FUSED = Lowering("fused", ())
PASSES = ("mac_array", "dsp")


@op("Cast", "CastLike", lowerings=("view", "dsp"), kernels=("convert",))
def cast(c: OpCase) -> Lowering:
    """Between float16, float32 and float64 nothing runs: the NPU holds all of them as fp16. To and from the
    narrow floats (8 and 4 bits), and between integer and float (or to bool), it is a kernel; between integers of
    one NPU width, nothing."""
    source, out = c.input(0).dtype, c.output.dtype
    if source == out or (_wide_float(source) and _wide_float(out)):
        return VIEW
    if not source.is_float and not out.is_float and source.npu_bytes == out.npu_bytes and out.label != "bool":
        return VIEW
    return dsp(c, "convert")


def _wide_float(dtype: DType) -> bool:
    return dtype.is_float and dtype.bits >= 16


def _quantise(c: OpCase) -> tuple[Lowering, ...]:
    """`npusim.unpacked` (of the compiler): weights that this kernel writes out in 16 bits."""
    if kernel := c.attr("npusim.unpacked"):
        return (dsp(c, str(kernel)),)
    if c.input(0).constant:
        return (FUSED,)  # weights are stored as they are multiplied
    return FUSED, Lowering("mac_array", (per_element(c),)), dsp(c, "fakequantize")


for _domain in ("", MICROSOFT):
    op(
        "QuantizeLinear",
        "DequantizeLinear",
        domain=_domain,
        lowerings=("fused", "mac_array", "dsp"),
        kernels=("fakequantize", "gather"),
    )(_quantise)


@op("DynamicQuantizeLinear", kernels=("reduce_max", "fakequantize"))
def dynamic_quantize(c: OpCase) -> Lowering:
    """Largest and smallest first, then the conversion."""
    count = c.input(0).elements
    return Lowering("dsp", (vector(c, "reduce_max", count, 1, 1), vector(c, "fakequantize", count)))


def _elementwise(kernel: str) -> Rule:
    return lambda c: (Lowering("mac_array", (per_element(c),)), dsp(c, kernel))


def _activation(kernel: str) -> Rule:
    return lambda c: (dsp(c, kernel), Lowering("mac_array_table", (per_element(c),)))


for _name, _kernel in (("QLinearAdd", "add"), ("QLinearMul", "mul"), ("QLinearLeakyRelu", "prelu")):
    op(_name, domain=MICROSOFT, lowerings=PASSES, kernels=(_kernel,))(_elementwise(_kernel))
op("QLinearSigmoid", domain=MICROSOFT, lowerings=("dsp", "mac_array_table"), kernels=("sigmoid",))(
    _activation("sigmoid")
)
op("QLinearGlobalAveragePool", domain=MICROSOFT, lowerings=(*PASSES, "plane_15"), kernels=("reduce_sum",))(
    global_pool(MacOp.AVERAGE_POOL, "reduce_sum")
)


@op("QLinearSoftmax", domain=MICROSOFT, kernels=("softmax",))
def qlinear_softmax(c: OpCase) -> Lowering:
    shape = c.input(0).shape
    rows = c.input(0).elements // max(shape[c.axis(-1, len(shape))], 1)
    return dsp(c, "softmax", c.input(0).elements, rows, rows)
