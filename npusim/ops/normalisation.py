"""Normalisations and softmax: DSP kernels over independent rows.

`dsp` is the normalising kernel alone; the scale and shift behind it ride along in the neighbouring pass.
Where Intel's compiler runs them as a pass of their own, `decomposed` is kernel + scale-and-shift on the
MAC array.
"""

from __future__ import annotations

from math import prod

from npusim.ops.counting import dsp, per_channel, per_element, vector
from npusim.ops.registry import VIEW, OpCase, Rule, op
from npusim.work import Lowering, MacOp, MacWork

MICROSOFT = "com.microsoft"
BOTH = ("dsp", "decomposed")


def _rows(
    c: OpCase, kernel: str, rows: int, scale: MacWork | None = None, adds: bool = False
) -> tuple[Lowering, ...]:
    work = vector(c, kernel, c.input(0).elements, rows, rows)
    first = (vector(c, "add"),) if adds else ()
    plain = Lowering("dsp", (*first, work))
    if scale is None:
        return (plain,)
    add = (per_element(c),) if adds else ()
    return plain, Lowering("decomposed", (*add, work, scale))


def _scale(c: OpCase) -> MacWork | None:
    """The pass that scales and shifts each channel (axis 1); None for a known scale of ones without a shift,
    which folds away: exporters write GroupNorm as Reshape, InstanceNormalization with ones, Reshape."""
    scale, shift = c.data(1), c.data(2)
    if scale is not None and shift is not None and bool((scale == 1).all()) and not shift.any():
        return None
    return per_channel(c)


def _trailing(kernel: str, adds: bool = False) -> Rule:
    """Rows are everything before `axis` (LayerNormalization and its kin)."""

    def rule(c: OpCase) -> tuple[Lowering, ...]:
        shape = c.input(0).shape
        rows = prod(shape[: c.axis(-1, len(shape))])
        return _rows(c, kernel, rows, per_element(c, MacOp.DEPTHWISE), adds)

    return rule


op("LayerNormalization", lowerings=BOTH, kernels=("mvn",))(_trailing("mvn"))
op("RMSNormalization", lowerings=BOTH, kernels=("rmsnorm",))(_trailing("rmsnorm"))
for _domain in ("", MICROSOFT):  # onnxruntime writes this one without a domain
    op("SimplifiedLayerNormalization", domain=_domain, lowerings=BOTH, kernels=("rmsnorm",))(
        _trailing("rmsnorm")
    )
op(
    "SkipLayerNormalization",
    "EmbedLayerNormalization",
    domain=MICROSOFT,
    lowerings=BOTH,
    kernels=("add", "mvn"),
)(_trailing("mvn", adds=True))
op("SkipSimplifiedLayerNormalization", domain=MICROSOFT, lowerings=BOTH, kernels=("add", "rmsnorm"))(
    _trailing("rmsnorm", adds=True)
)


@op("InstanceNormalization", lowerings=BOTH, kernels=("mvn",), reads=(1, 2))
def instance_norm(c: OpCase) -> tuple[Lowering, ...]:
    return _rows(c, "mvn", prod(c.input(0).shape[:2]), _scale(c))


@op("GroupNormalization", lowerings=BOTH, kernels=("mvn",), reads=(1, 2))
def group_norm(c: OpCase) -> tuple[Lowering, ...]:
    return _rows(c, "mvn", c.input(0).shape[0] * int(c.attr("num_groups", 1)), _scale(c))


@op("GroupNorm", domain=MICROSOFT, lowerings=BOTH, kernels=("mvn",))
def group_norm_microsoft(c: OpCase) -> tuple[Lowering, ...]:
    return _rows(c, "mvn", c.input(0).shape[0] * int(c.attr("groups", 1)), per_channel(c))


@op("MeanVarianceNormalization", kernels=("mvn",))
def mean_variance(c: OpCase) -> tuple[Lowering, ...]:
    shape = c.input(0).shape
    axes = {int(a) % len(shape) for a in c.attr("axes", (0, 2, 3))}
    return _rows(c, "mvn", prod(size for a, size in enumerate(shape) if a not in axes))


@op("BatchNormalization", lowerings=("scale_shift", "dsp"), kernels=("mul", "add"))
def batch_norm(c: OpCase) -> tuple[Lowering, ...]:
    """With fixed statistics a scale and a shift per channel."""
    plain = Lowering("dsp", (vector(c, "mul"), vector(c, "add")))
    return Lowering("scale_shift", (per_channel(c),)), plain


@op("LpNormalization", kernels=("normalize_l2",))
def lp_norm(c: OpCase) -> tuple[Lowering, ...]:
    """Each row divided by its norm."""
    return _along(c, "normalize_l2")


@op("LRN", kernels=("lrn",))
def lrn(c: OpCase) -> Lowering:
    """A window of `size` channels around each element. Intel's compiler prices what is read and what is written,
    however long the window is (3 and 5 of 43,264 to 290,400 elements on NPU 5010: 3.6 to 4.1 DSP cycles each)."""
    count = c.output.elements
    return dsp(c, "lrn", 2 * count, 1, count)


def _along(c: OpCase, kernel: str) -> tuple[Lowering, ...]:
    """Rows along one axis; before opset 13 everything from `axis` (default 1) on is one row."""
    shape = c.input(0).shape
    if 0 < c.opset < 13 and c.node.op_type != "LpNormalization":
        rows = prod(shape[: c.axis(1, len(shape))])
    else:
        rows = c.input(0).elements // max(shape[c.axis(-1, len(shape))], 1) if shape else 1
    return _rows(c, kernel, rows)


@op("Softmax", lowerings=("view", "dsp"), kernels=("softmax",))
def softmax(c: OpCase) -> tuple[Lowering, ...]:
    """A row of one element is one, whatever it was."""
    shape = c.input(0).shape
    if shape and not 0 < c.opset < 13 and shape[c.axis(-1, len(shape))] == 1:
        return (VIEW,)
    return _along(c, "softmax")


@op("LogSoftmax", kernels=("log_softmax",))
def log_softmax(c: OpCase) -> tuple[Lowering, ...]:
    return _along(c, "log_softmax")


@op("Hardmax", kernels=("topk",))
def hardmax(c: OpCase) -> tuple[Lowering, ...]:
    return _along(c, "topk")
