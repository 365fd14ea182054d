"""What elementwise ops and norms say of axes: those of operands and result are one, where they are not broadcast."""

from __future__ import annotations

from npusim.graph import Node
from npusim.loading.shapes_elementwise import BINARY_VALUES, UNARY_VALUES
from npusim.whatif.axes.coupling import Coupling, relation

MICROSOFT = "com.microsoft"


@relation(
    *BINARY_VALUES, "Mod", "BitShift", "Sum", "Mean", "Where", "PRelu", *UNARY_VALUES, "IsInf", "Sigmoid", "Tanh",
    "Erf", "Softplus", "Softsign", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh",
    "Atanh", "Elu", "Selu", "Celu", "LeakyRelu", "ThresholdedRelu", "HardSigmoid", "HardSwish", "Swish", "Mish", "Gelu",
    "Shrink", "Softmax", "LogSoftmax", "Clip", "Cast", "Identity", "Dropout", "LpNormalization",
)  # fmt: skip
def elementwise(c: Coupling, node: Node) -> None:
    """Operands are broadcast to the result."""
    over = c.of(node.outputs[0])
    for name in (*node.inputs, *node.outputs[1:]):
        if name and name not in node.outputs[:1]:
            c.spread(name, over)


@relation("Gelu", "FastGelu", "BiasGelu", "QuickGelu", domain=MICROSOFT)
def microsoft_activation(c: Coupling, node: Node) -> None:
    elementwise(c, node)


@relation("Swish", "PWL", domain="xamba")
def table(c: Coupling, node: Node) -> None:
    c.spread(node.inputs[0], c.of(node.outputs[0]))


@relation("CumSum", "CumProd", "CastLike", "Trilu")
def like_the_first(c: Coupling, node: Node) -> None:
    """The result has the axes of the first operand; the others only steer."""
    c.tie_all(c.of(node.inputs[0]), c.of(node.outputs[0]))


@relation("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
@relation("SimplifiedLayerNormalization", domain=MICROSOFT)
def norm(c: Coupling, node: Node) -> None:
    """Scale and shift lie along the last axes; mean and deviation, where given, along the first."""
    x = c.of(node.inputs[0])
    c.tie_all(x, c.of(node.outputs[0]))
    for name in node.inputs[1:]:
        if name:
            c.spread(name, x)
    for name in node.outputs[1:]:
        if name:
            c.spread(name, x)


@relation("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", domain=MICROSOFT)
def skip_norm(c: Coupling, node: Node) -> None:
    norm(c, node)


@relation("BatchNormalization", "InstanceNormalization")
def channel_norm(c: Coupling, node: Node) -> None:
    """Parameters lie along axis 1."""
    x = c.of(node.inputs[0])
    c.tie_all(x, c.of(node.outputs[0]))
    for name in (*node.inputs[1:], *node.outputs[1:]):
        if name and len(c.of(name)) == 1:
            c.tie(c.of(name)[0], x[1])


@relation("QuantizeLinear", "DequantizeLinear")
def quantised(c: Coupling, node: Node) -> None:
    """Scales: one, one a channel, or one a block of a channel."""
    x = c.of(node.inputs[0])
    c.tie_all(x, c.of(node.outputs[0]))
    axis = node.attribute("axis", 1)
    for name in node.inputs[1:]:
        if not name:
            continue
        scales = c.of(name)
        if len(scales) == len(x) and node.attribute("block_size", 0):
            for k, (a, b) in enumerate(zip(scales, x, strict=True)):
                lanes, rest = divmod(c.terms.size(b), max(1, c.terms.size(a)))
                if k != axis % len(x):
                    c.tie(a, b)
                elif rest:
                    c.fix(a, b)
                else:
                    block = c.terms.atom(lanes)
                    c.fix(block)
                    c.tie(b, c.terms.product((a, block)))
        elif len(scales) == 1 and c.terms.size(scales[0]) > 1:
            c.tie(scales[0], x[axis % len(x)])
