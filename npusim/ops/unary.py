"""Elementwise ops with one input: activations, rounding, trigonometry."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from npusim.graph import Node, Value
from npusim.ops.counting import dsp, on_mac_array, per_element, vector
from npusim.ops.registry import OpCase, Rule, op
from npusim.work import Lowering

# Functions the MAC array's drain path knows on every generation (intel_npu facts, 3.6).
CLAMPING = {"Relu": "relu", "LeakyRelu": "prelu", "Clip": "clamp", "ThresholdedRelu": "relu"}


def clips_from_zero(node: Node, values: Mapping[str, Value]) -> bool:
    """Whether the lower bound of a Clip is known to be zero."""
    low = node.attribute("min")
    if low is None and len(node.inputs) > 1 and node.inputs[1]:
        data = values[node.inputs[1]].data
        low = None if data is None else float(np.ravel(data)[0])
    return bool(low == 0)


# Functions Intel's compiler puts in the activation table of NPU 5010 (same source).
IN_TABLE = {
    "Sigmoid": "sigmoid", "Tanh": "tanh", "Swish": "swish", "Gelu": "gelu", "HardSwish": "hswish",
    "Exp": "exp",
}  # fmt: skip

# Smooth functions that would fit such a table, though no known compiler puts them there.
SMOOTH = {
    "Softplus": "softplus", "Mish": "mish", "Erf": "erf", "Log": "log", "Sqrt": "sqrt", "Reciprocal": "div",
    "Elu": "elu", "Celu": "elu", "Selu": "selu", "HardSigmoid": "hardsigmoid", "Softsign": "default",
    "Sin": "sin", "Cos": "cos", "Tan": "tan", "Sinh": "sinh", "Cosh": "cosh", "Asin": "asin", "Acos": "acos",
    "Atan": "atan", "Asinh": "asinh", "Acosh": "acosh", "Atanh": "atanh",
}  # fmt: skip

# Everything else runs on the DSPs only.
ON_DSP = {
    "Abs": "abs", "Ceil": "ceiling", "Floor": "floor", "Round": "round", "Sign": "sign", "Not": "logicalnot",
    "BitwiseNot": "logicalnot", "IsNaN": "equal", "IsInf": "equal", "Shrink": "default",
}  # fmt: skip

MICROSOFT_TABLE = {"QuickGelu": "swish", "FastGelu": "gelu", "BiasGelu": "gelu"}


def _clamping(kernel: str) -> Rule:
    def rule(c: OpCase) -> tuple[Lowering, ...]:
        found = dsp(c, kernel)
        if not on_mac_array(c.output):
            return (found,)
        return Lowering("mac_array", (per_element(c),)), found

    return rule


def _table(kernel: str, name: str) -> Rule:
    def rule(c: OpCase) -> tuple[Lowering, ...]:
        found = dsp(c, kernel)
        if not on_mac_array(c.output):
            return (found,)
        return found, Lowering(name, (per_element(c),))

    return rule


def _dsp_only(kernel: str) -> Rule:
    return lambda c: dsp(c, kernel)


for _name, _kernel in CLAMPING.items():
    op(_name, lowerings=("mac_array", "dsp"), kernels=(_kernel,))(_clamping(_kernel))
for _name, _kernel in IN_TABLE.items():
    op(_name, lowerings=("dsp", "mac_array_table"), kernels=(_kernel,))(_table(_kernel, "mac_array_table"))
for _name, _kernel in MICROSOFT_TABLE.items():
    op(_name, domain="com.microsoft", lowerings=("dsp", "mac_array_table"), kernels=(_kernel,))(
        _table(_kernel, "mac_array_table")
    )
for _name, _kernel in SMOOTH.items():
    op(_name, lowerings=("dsp", "mac_array_table_any"), kernels=(_kernel,))(
        _table(_kernel, "mac_array_table_any")
    )
for _name, _kernel in ON_DSP.items():
    op(_name, kernels=(_kernel,))(_dsp_only(_kernel))


@op("Neg", lowerings=("scale_shift", "dsp"), kernels=("negative",))
def negative(c: OpCase) -> tuple[Lowering, ...]:
    """A multiplication by -1, so the MAC array can do it as a scale."""
    found = dsp(c, "negative")
    if not on_mac_array(c.output):
        return (found,)
    return Lowering("scale_shift", (per_element(c),)), found


@op("PWL", domain="xamba", lowerings=("dsp", "mac_array_table"), kernels=("pwl_table",))
def piecewise_linear(c: OpCase) -> tuple[Lowering, ...]:
    """A piecewise linear function (ActiBA): attributes breaks, slopes, offsets.

    In the drain path's table the number of segments costs nothing. On a DSP each segment is one
    compare and one multiply-add, so elements count once per segment."""
    slopes = c.attr("slopes")
    segments = 1 if slopes is None else max(len(slopes), 1)
    work = vector(c, "pwl_table", c.output.elements * segments, independent=c.output.elements)
    return Lowering("dsp", (work,)), Lowering("mac_array_table", (per_element(c),))


@op("SwiGLU", lowerings=("dsp",), kernels=("swish", "mul"))
def swiglu(c: OpCase) -> Lowering:
    """swish of one half times the other half."""
    return Lowering("dsp", (vector(c, "swish"), vector(c, "mul")))
