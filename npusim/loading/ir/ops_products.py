"""Products, convolutions and attention."""

from __future__ import annotations

from typing import Any

from npusim.loading.ir.case import Case
from npusim.loading.ir.table import translates
from npusim.loading.ir.weights import turned, with_groups_joined

AUTO_PAD = {"same_upper": "SAME_UPPER", "same_lower": "SAME_LOWER", "valid": "VALID"}


def swapped(c: Case, index: int) -> str:
    """An operand with its last two axes changed over."""
    weight = turned(c, index)
    if weight is not None:
        return weight
    rank = c.rank(index)
    order, source = [*range(rank - 2), rank - 1, rank - 2], c.x(index)
    maker = c.t.producer(c.layer, index)
    if maker is not None and maker.type == "Transpose" and c.t.only_reader(maker) is c.layer:
        before = Case(maker, c.t)  # two changes of order are one, or none
        given = before.value(1)
        if given is not None and given.size == rank:
            order, source = [int(given.reshape(-1)[k]) for k in order], before.x()
    return source if order == list(range(rank)) else c.step("Transpose", [source], perm=order)


@translates("MatMul")
def matmul(c: Case) -> None:
    operands = [
        swapped(c, k) if c.flag(name) and c.rank(k) > 1 else c.x(k)
        for k, name in enumerate(("transpose_a", "transpose_b"))
    ]
    c.node("MatMul", operands)


@translates("Einsum")
def einsum(c: Case) -> None:
    c.node("Einsum", c.xs(), equation=c.text("equation"))


def windows(c: Case) -> dict[str, Any]:
    """Strides, dilations and padding, which convolutions and poolings share."""
    given: dict[str, Any] = {
        "strides": c.sizes("strides") or None,
        "dilations": c.sizes("dilations") or None,
    }
    auto = AUTO_PAD.get(c.text("auto_pad", "explicit"))
    if auto:
        given["auto_pad"] = auto
    elif pads := [*c.sizes("pads_begin"), *c.sizes("pads_end")]:
        given["pads"] = pads
    return given


@translates("Convolution")
def convolution(c: Case) -> None:
    c.node("Conv", [c.x(), c.x(1)], **windows(c))


def groups_first(c: Case) -> tuple[str, int]:
    """Filters [G, O, I, ...] as ONNX's [G O, I, ...], and G; of a transposed convolution I and O change places."""
    dims = c.static(1)
    if len(dims) < 4:
        raise c.wrong(f"its filters have {len(dims)} axes, at least 4 are needed")
    weight = with_groups_joined(c, 1)
    if weight is not None:
        return weight, dims[0]
    target = [dims[0] * dims[1], *dims[2:]]
    return c.step("Reshape", [c.x(1), c.constant(target)]), dims[0]


@translates("GroupConvolution")
def group_convolution(c: Case) -> None:
    filters, groups = groups_first(c)
    c.node("Conv", [c.x(), filters], group=groups, **windows(c))


@translates("ConvolutionBackpropData", "GroupConvolutionBackpropData")
def transposed_convolution(c: Case) -> None:
    filters, groups = groups_first(c) if c.layer.type.startswith("Group") else (c.x(1), 1)
    given = windows(c)
    shape = c.ints(2, "sizes of the output") if c.has(2) else None
    c.node(
        "ConvTranspose",
        [c.x(), filters],
        group=groups,
        output_padding=c.sizes("output_padding") or None,
        output_shape=shape,
        **given,
    )


@translates("DeformableConvolution")
def deformable(c: Case) -> None:
    """Data, offsets, filters, mask: ONNX has the filters first, and a bias that is not here."""
    given = windows(c)
    if "auto_pad" in given:
        raise c.wrong("it pads by itself, which ONNX's DeformConv cannot")
    rest = ["", c.x(3)] if c.has(3) else []
    c.node(
        "DeformConv",
        [c.x(), c.x(2), c.x(1), *rest],
        group=c.whole("group", 1),
        offset_group=c.whole("deformable_group", 1),
        **given,
    )


@translates("ScaledDotProductAttention")
def attention(c: Case) -> None:
    """Queries, keys, values, a mask and a scale, taken apart as OpenVINO does before its plugins compile: scaled
    queries times turned keys, the mask, softmax, times values. A mask of no axes is none (a 0 stands in its place)."""
    queries = c.x()
    scale = c.value(4) if c.has(4) else None
    size = c.dims()[-1] if c.rank() else -1
    if c.has(4) and scale is None:
        queries = c.step("Mul", [queries, c.x(4)])
    elif scale is not None or size > 0:
        factor = float(scale.reshape(-1)[0]) if scale is not None else size**-0.5
        queries = c.step("Mul", [queries, c.constant(factor, c.type())])
    scores = c.step("MatMul", [queries, swapped(c, 1)])
    if c.flag("causal"):
        scores = c.step("Add", [scores, causal_mask(c)])
    elif c.has(3) and c.rank(3) > 0:
        mask = c.x(3)
        if c.type(3) == "boolean":
            mask = c.step("Where", [mask, c.constant(0.0, c.type()), c.constant(LEAST, c.type())])
        scores = c.step("Add", [scores, mask])
    c.node("MatMul", [c.step("Softmax", [scores], axis=-1), c.x(2)])


LEAST = -65504.0  # of fp16: nothing is left of it behind a softmax


def causal_mask(c: Case) -> str:
    """What a position may not see, [queries, keys]: a constant, once the sizes are known."""
    places = [c.constant([c.rank(k) - 2]) for k in (0, 1)]
    sizes = [c.step("Gather", [c.step("Shape", [c.x(k)]), places[k]], axis=0) for k in (0, 1)]
    ones = c.step("Expand", [c.constant(LEAST, c.type()), c.step("Concat", sizes, axis=0)])
    return c.step("Trilu", [ones, c.constant(1)], upper=1)


@translates("RoPE")
def rotary(c: Case) -> None:
    """OpenVINO's own operation for x cos + turned(x) sin, where it keeps the order of axes and turns all of them; other
    forms are refused by name. Pairs that lie side by side cost what halves cost."""
    plain = not any(c.flag(n) for n in ("input_trans0213", "output_trans0213", "is_chatglm", "is_qwen"))
    size = c.dims()[-1] if c.rank() else -1
    turned_axes = c.whole("rotary_ndims", size)
    if not plain or len(c) < 3 or size < 2 or turned_axes not in (0, size) or c.whole("slice_stop", 0):
        c.own()
        return
    half = size // 2
    cuts = [
        c.step("Slice", [c.x(), c.constant([a]), c.constant([b]), c.constant([-1])])
        for a, b in ((half, size), (0, half))
    ]
    other = c.step("Concat", [c.step("Neg", [cuts[0]]), cuts[1]], axis=-1)
    c.node("Add", [c.step("Mul", [c.x(), c.x(1)]), c.step("Mul", [other, c.x(2)])])
