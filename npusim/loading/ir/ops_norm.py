"""Normalisations, softmax and reductions."""

from __future__ import annotations

from math import prod

from npusim.loading.ir.case import Case
from npusim.loading.ir.ops_layout import whole_list
from npusim.loading.ir.record import Layer
from npusim.loading.ir.table import plans, translates

REDUCTIONS = {
    "ReduceSum": "ReduceSum", "ReduceMean": "ReduceMean", "ReduceMax": "ReduceMax", "ReduceMin": "ReduceMin",
    "ReduceProd": "ReduceProd", "ReduceL1": "ReduceL1", "ReduceL2": "ReduceL2",
}  # fmt: skip


@translates(*REDUCTIONS)
def reduce_(c: Case) -> None:
    """A mean over all axes of an image is the pooling that ONNX files have there."""
    kind, keep = REDUCTIONS[c.layer.type], c.flag("keep_dims")
    axes, given = axes_of(c)
    if kind == "ReduceMean" and keep and c.rank() > 3 and axes == list(range(2, c.rank())):
        c.node("GlobalAveragePool", [c.x()])
        return
    c.node(kind, [c.x(), given], keepdims=keep)


def axes_of(c: Case) -> tuple[list[int], str]:
    """The axes that are reduced, and the tensor that holds them. Without the .bin they follow from the sizes, where an
    axis of one that is kept may as well be left."""
    found = c.value(1)
    if found is not None:
        return sorted(int(a) % max(c.rank(), 1) for a in found.reshape(-1)), whole_list(c, 1)
    sizes = c.out_port().dims
    if c.flag("keep_dims") and len(sizes) == c.rank() and -1 not in (*sizes, *c.dims()):
        axes = [k for k, (a, b) in enumerate(zip(c.dims(), sizes, strict=True)) if a != b]
        return axes, c.constant(axes)
    c.need(1, "list of axes")
    return [], ""


@translates("ReduceLogicalAnd", "ReduceLogicalOr")
def reduce_logical(c: Case) -> None:
    """The least or the most of zeros and ones."""
    numbers = c.cast(c.x(), "u8")
    kind = "ReduceMin" if c.layer.type.endswith("And") else "ReduceMax"
    found = c.step(kind, [numbers, axes_of(c)[1]], keepdims=c.flag("keep_dims"))
    c.as_type(c.cast(found, "boolean"), "boolean")


@translates("SoftMax", "Softmax")
def softmax(c: Case) -> None:
    c.node("Softmax", [c.x()], axis=c.whole("axis", 1))


@translates("LogSoftmax", "LogSoftMax")
def log_softmax(c: Case) -> None:
    c.node("LogSoftmax", [c.x()], axis=c.whole("axis", 1))


@translates("BatchNormInference")
def batch_norm(c: Case) -> None:
    """Data, scale, bias, mean, variance; opset 1 had scale and bias in front."""
    order = (2, 0, 1, 3, 4) if c.opset < 5 and c.rank(0) == 1 else range(5)
    eps = c.number("epsilon" if "epsilon" in c.layer.attributes else "eps", 1e-5)
    c.node("BatchNormalization", [c.x(k) for k in order], epsilon=eps)


@translates("GroupNormalization")
def group_norm(c: Case) -> None:
    c.node(
        "GroupNormalization",
        c.xs()[:3],
        num_groups=c.whole("num_groups"),
        epsilon=c.number("epsilon", 1e-5),
    )


@translates("RMS")
def rms_norm(c: Case) -> None:
    c.node("RMSNormalization", c.xs()[:2], axis=-1, epsilon=c.number("epsilon", 1e-6))


@translates("MVN")
def mean_variance(c: Case) -> None:
    """Mean and variance taken out. With a factor and a summand behind it, it is the LayerNormalization or the
    InstanceNormalization it was in the framework, and is taken in as that."""
    if c.has(1):
        axes = sorted(a % c.rank() for a in c.ints(1, "axes"))
    else:
        axes = list(range(1 if c.flag("across_channels") else 2, c.rank()))
    if not c.flag("normalize_variance", True):
        mean = c.step("ReduceMean", [c.x(), c.constant(axes)], keepdims=1)
        c.node("Sub", [c.x(), mean])
    else:
        c.node("MeanVarianceNormalization", [c.x()], axes=axes)


@plans("MVN")
def with_affine(c: Case) -> None:
    """A factor and a summand behind it: that is how OpenVINO writes the LayerNormalization and InstanceNormalization
    of a framework, and its compiler has one kernel for all."""
    rank = c.rank()
    found = c.value(1) if c.has(1) else None
    if found is None or not c.flag("normalize_variance", True):
        return
    axes = sorted(int(a) % max(rank, 1) for a in found.reshape(-1))
    if not axes or axes != list(range(rank - len(axes), rank)):
        return
    factor, summand = affine(c)
    if factor is None or summand is None:
        return
    scale, bias = operand(c, factor, c.layer), operand(c, summand, factor)
    channels = axes[0] == 2 and along_channels(c, scale) and along_channels(c, bias)
    if not channels and not (inner(c, scale, axes) and inner(c, bias, axes)):
        return
    c.t.absorbed |= {c.layer.id, factor.id}

    def emit() -> None:
        wanted = [-1] if channels else list(c.dims()[axes[0] :])
        weights = [shaped(c, layer, wanted) for layer in (scale, bias)]
        given = {} if channels else {"axis": axes[0]}
        kind = "InstanceNormalization" if channels else "LayerNormalization"
        result = c.t.result(summand, summand.outputs[0])
        given_all = {**given, "epsilon": c.number("eps", 1e-6)}
        c.t.add(kind, [c.x(), *weights], [result], c.layer.name, "", given_all)

    c.t.instead[summand.id] = emit


def affine(c: Case) -> tuple[Layer | None, Layer | None]:
    """The Multiply and the Add behind a normalisation, if nothing else reads what is between."""
    factor = c.t.only_reader(c.layer)
    if factor is None or factor.type != "Multiply":
        return None, None
    summand = c.t.only_reader(factor)
    return factor, summand if summand is not None and summand.type == "Add" else None


def operand(c: Case, layer: Layer, other: Layer) -> Layer:
    """The layer that makes the other input of `layer`."""
    found = c.t.producer(layer, 1 if c.t.producer(layer, 0) is other else 0)
    return other if found is None else found


def constant_dims(c: Case, layer: Layer) -> tuple[int, ...] | None:
    """Sizes of a constant, behind a Convert or unpacked too; None for what is none."""
    if layer.outputs and known(c, layer):
        return layer.outputs[0].dims
    return None


def known(c: Case, layer: Layer, depth: int = 4) -> bool:
    """Whether only constants lead to a layer."""
    if layer.type == "Const":
        return True
    sources = [c.t.producer(layer, k) for k in range(len(layer.inputs))] if depth else []
    return bool(sources) and all(s is not None and known(c, s, depth - 1) for s in sources)


def along_channels(c: Case, layer: Layer) -> bool:
    """Whether a constant has an element for each channel, axis 1, and lies along it."""
    dims = constant_dims(c, layer)
    if dims is None or c.rank() < 3 or len(dims) > c.rank():
        return False
    wanted = tuple(c.dims()[1] if axis == 1 else 1 for axis in range(c.rank()))
    return (1,) * (c.rank() - len(dims)) + dims == wanted


def inner(c: Case, layer: Layer, axes: list[int]) -> bool:
    """Whether a constant has the sizes of the innermost axes."""
    dims, wanted = constant_dims(c, layer), c.dims()[axes[0] :]
    if dims is None or -1 in wanted:
        return False
    return dims[-len(wanted) :] == wanted and prod(dims) == prod(wanted)


def shaped(c: Case, layer: Layer, dims: list[int]) -> str:
    """A constant with these sizes."""
    tensor = c.t.names[layer.id, layer.outputs[0].id]
    return tensor if list(layer.outputs[0].dims) == dims else c.step("Reshape", [tensor, c.constant(dims)])


@translates("NormalizeL2")
def normalize_l2(c: Case) -> None:
    """x / sqrt(max(sum x^2, eps)), or with the sum in place of the maximum."""
    square = c.step("ReduceSumSquare", [c.x(), whole_list(c, 1)], keepdims=1)
    eps = c.constant(c.number("eps"), c.type())
    safe = c.step("Max" if c.text("eps_mode", "add") == "max" else "Add", [square, eps])
    c.node("Div", [c.x(), c.step("Sqrt", [safe])])


@translates("GRN")
def grn(c: Case) -> None:
    """x / sqrt(bias + sum over channels of x^2)."""
    square = c.step("ReduceSumSquare", [c.x(), c.constant([1])], keepdims=1)
    safe = c.step("Add", [square, c.constant(c.number("bias"), c.type())])
    c.node("Div", [c.x(), c.step("Sqrt", [safe])])


@translates("LRN")
def lrn(c: Case) -> None:
    """Over channels. Over an image the cost is the same to the model: a window of `size` around each element."""
    c.node(
        "LRN",
        [c.x()],
        alpha=c.number("alpha"),
        beta=c.number("beta"),
        bias=c.number("bias", 1.0),
        size=c.whole("size"),
    )
