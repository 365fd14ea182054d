"""Operations on every element: arithmetic, comparisons, activations, conversions."""

from __future__ import annotations

import numpy as np

from npusim.loading.ir.case import Case
from npusim.loading.ir.constants import INLINE_ELEMENTS
from npusim.loading.ir.table import translates
from npusim.loading.ir.types import FLOATS, element

SAME = {
    "Abs": "Abs", "Acos": "Acos", "Acosh": "Acosh", "Asin": "Asin", "Asinh": "Asinh", "Atan": "Atan",
    "Atanh": "Atanh", "Ceiling": "Ceil", "Cos": "Cos", "Cosh": "Cosh", "Erf": "Erf", "Exp": "Exp", "Floor": "Floor",
    "HSwish": "HardSwish", "IsNaN": "IsNaN", "Log": "Log", "LogicalNot": "Not", "Mish": "Mish", "Negative": "Neg",
    "ReLU": "Relu", "Relu": "Relu", "Round": "Round", "Sigmoid": "Sigmoid", "Sign": "Sign", "Sin": "Sin",
    "Sinh": "Sinh", "SoftPlus": "Softplus", "SoftSign": "Softsign", "Sqrt": "Sqrt", "Tan": "Tan", "Tanh": "Tanh",
    "Identity": "Identity", "FakeConvert": "Identity",
}  # fmt: skip
TWO = {
    "Add": "Add", "Subtract": "Sub", "Multiply": "Mul", "Divide": "Div", "Power": "Pow", "Maximum": "Max",
    "Minimum": "Min", "Equal": "Equal", "Greater": "Greater", "GreaterEqual": "GreaterOrEqual", "Less": "Less",
    "LessEqual": "LessOrEqual", "LogicalAnd": "And", "LogicalOr": "Or", "LogicalXor": "Xor",
}  # fmt: skip
BITWISE = {"BitwiseAnd": "And", "BitwiseOr": "Or", "BitwiseXor": "Xor", "BitwiseNot": "Not"}


@translates(*SAME)
def same(c: Case) -> None:
    """One input, one output, the same in ONNX. Inputs that only FakeConvert has are scales of a type that is
    simulated."""
    c.node(SAME[c.layer.type], [c.x()])


def aligned(c: Case) -> list[str]:
    """Both operands, the second shaped so that it broadcasts as NumPy would have it."""
    if c.text("auto_broadcast", "numpy") == "pdpd" and c.rank(1) < c.rank(0):
        axis = c.whole("axis", -1)
        behind = c.rank(0) - c.rank(1) - (axis if axis >= 0 else c.rank(0) - c.rank(1))
        if behind:
            return [c.x(), c.step("Reshape", [c.x(1), c.constant([0] * c.rank(1) + [1] * behind)])]
    return [c.x(), c.x(1)]


def constant_at(c: Case, value: float) -> int | None:
    """Which operand is this one number of floats, and adds no axis to the result; None for neither."""
    for k in (0, 1):
        found = c.value(k) if c.type(k) in FLOATS and c.rank(k) <= c.rank(1 - k) else None
        if found is not None and found.size == 1 and float(found.reshape(-1)[0]) == value:
            return k
    return None


@translates(*TWO)
def two(c: Case) -> None:
    """A converter writes a change of sign as a factor of -1, and 1 / x as a division: ONNX has words for both."""
    if c.layer.type == "Multiply" and (k := constant_at(c, -1.0)) is not None:
        c.node("Neg", [c.x(1 - k)])
        return
    if c.layer.type == "Divide" and constant_at(c, 1.0) == 0:
        c.node("Reciprocal", [c.x(1)])
        return
    c.node(TWO[c.layer.type], aligned(c))


@translates("NotEqual")
def not_equal(c: Case) -> None:
    c.node("Not", [c.step("Equal", aligned(c))])


@translates(*BITWISE)
def bitwise(c: Case) -> None:
    """On booleans these are the logical ones."""
    name = BITWISE[c.layer.type] if c.type() == "boolean" else c.layer.type
    c.node(name, c.xs())


@translates("BitwiseLeftShift", "BitwiseRightShift")
def shift(c: Case) -> None:
    c.node("BitShift", aligned(c), direction="LEFT" if "Left" in c.layer.type else "RIGHT")


@translates("Mod")
def truncated_remainder(c: Case) -> None:
    c.node("Mod", aligned(c), fmod=1)


@translates("FloorMod")
def floored_remainder(c: Case) -> None:
    """ONNX has it for whole numbers: of others, x - floor(x / y) y."""
    a, b = aligned(c)
    if c.type() not in FLOATS:
        c.node("Mod", [a, b])
        return
    times = c.step("Floor", [c.step("Div", [a, b])])
    c.node("Sub", [a, c.step("Mul", [times, b])])


@translates("SquaredDifference")
def squared_difference(c: Case) -> None:
    difference = c.step("Sub", aligned(c))
    c.node("Mul", [difference, difference])


@translates("IsInf")
def is_inf(c: Case) -> None:
    c.node(
        "IsInf",
        [c.x()],
        detect_negative=c.flag("detect_negative", True),
        detect_positive=c.flag("detect_positive", True),
    )


@translates("IsFinite")
def is_finite(c: Case) -> None:
    c.node("Not", [c.step("Or", [c.step("IsInf", [c.x()]), c.step("IsNaN", [c.x()])])])


@translates("Select")
def select(c: Case) -> None:
    c.node("Where", c.xs())


@translates("Convert")
def convert(c: Case) -> None:
    """A small constant is converted here, so that rules may look at it (files hold exponents and the like in fp16)."""
    kind = c.text("destination_type")
    found = c.value(0)
    if found is not None and found.size <= INLINE_ELEMENTS and kind in ("f32", "i64", "i32"):
        with np.errstate(all="ignore"):
            array = found.astype({"f32": "<f4", "i64": "<i8", "i32": "<i4"}[kind])
        c.t.hold(c.out(), array, element(kind, "").number)
        return
    c.node("Cast", [c.x()], to=element(kind, f"layer '{c.layer.name}'").number)


@translates("ConvertLike")
def convert_like(c: Case) -> None:
    c.node("CastLike", c.xs())


@translates("ConvertPromoteTypes")
def convert_promote(c: Case) -> None:
    for index in (0, 1):
        if c.used(index) or not c.used(1 - index):
            c.as_type(c.x(index), c.type(index), index)


@translates("Clamp")
def clamp(c: Case) -> None:
    dtype = c.type() if c.type() in FLOATS else "f32"
    low, high = c.number("min"), c.number("max")
    if c.type() not in FLOATS:  # bounds of whole numbers
        limit = 2.0**31
        ends = [c.constant(int(np.clip(v, -limit, limit - 1))) for v in (low, high)]
        ends = [c.cast(e, c.type()) for e in ends] if c.type() != "i64" else ends
    else:
        ends = [c.constant(v, dtype) for v in (low, high)]
    c.node("Clip", [c.x(), *ends])


@translates("Elu")
def elu(c: Case) -> None:
    c.node("Elu", [c.x()], alpha=c.number("alpha"))


def scalar(c: Case, index: int, what: str) -> float:
    found = c.need(index, what)
    return float(found.reshape(-1)[0])


@translates("HardSigmoid")
def hard_sigmoid(c: Case) -> None:
    c.node("HardSigmoid", [c.x()], alpha=scalar(c, 1, "alpha"), beta=scalar(c, 2, "beta"))


@translates("HSigmoid")
def h_sigmoid(c: Case) -> None:
    c.node("HardSigmoid", [c.x()], alpha=1 / 6, beta=0.5)


@translates("Selu")
def selu(c: Case) -> None:
    c.node("Selu", [c.x()], alpha=scalar(c, 1, "alpha"), gamma=scalar(c, 2, "lambda"))


@translates("Gelu")
def gelu(c: Case) -> None:
    tanh = c.text("approximation_mode", "erf").lower() == "tanh"
    c.node("Gelu", [c.x()], approximate="tanh" if tanh else "none")


@translates("Swish")
def swish(c: Case) -> None:
    """x sigmoid(beta x), in the two nodes that ONNX files have for it."""
    inside = c.x()
    if c.has(1):
        beta = c.value(1)
        if beta is None or not np.all(beta == 1):
            inside = c.step("Mul", [inside, c.x(1)])
    c.node("Mul", [c.x(), c.step("Sigmoid", [inside])])


@translates("PReLU", "PRelu")
def prelu(c: Case) -> None:
    """A slope with one axis belongs to the channels."""
    slope = c.x(1)
    if c.rank(1) == 1 and c.rank() > 2 and c.dims(1) != (1,):
        slope = c.step("Reshape", [slope, c.constant([0] + [1] * (c.rank() - 2))])
    c.node("PRelu", [c.x(), slope])
