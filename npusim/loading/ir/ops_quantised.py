"""FakeQuantize, and weights that are stored in few bits and unpacked where they are used.

NNCF writes a compressed weight as Const (8, 4 or 2 bits) -> Convert -> [Subtract of a zero point] -> Multiply by a scale
[-> Reshape, where groups have scales of their own] [-> Convert]. ONNX has one node for that, DequantizeLinear, behind
which the compiler finds the width that is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusim.loading.ir.case import Case
from npusim.loading.ir.record import Layer
from npusim.loading.ir.table import plans, translates
from npusim.loading.ir.types import LOW, PORTS

MOVES = ("Reshape", "Transpose", "Squeeze", "Unsqueeze")


@dataclass(frozen=True, slots=True)
class Compressed:
    """A compressed weight: the Const of few bits, its scale and its zero point (layers), and how they fit: along
    `axis` in blocks of `block` (0: one scale a slice of the axis; axis None: one scale for all)."""

    stored: Layer
    scale: Layer
    zero: Layer | None
    axis: int | None
    block: int


@plans("Multiply")
def compressed(c: Case) -> None:
    """Finds a compressed weight by the Multiply at its end."""
    for index in (0, 1):
        found = chain(c, index)
        if found is not None:
            break
    else:
        return
    dtype, last = c.out_type(), c.layer
    behind: Layer | None = c.layer
    while (behind := c.t.only_reader(last)) is not None and behind.type in MOVES:
        last = behind
    if behind is not None and behind.type == "Convert":
        wanted = behind.attributes.get("destination_type", "")
        if wanted in ("f32", "f16", "bf16"):  # unpacked to that type at once
            dtype = wanted
            silent = behind
            c.t.instead[silent.id] = lambda: Case(silent, c.t).renamed(Case(silent, c.t).x())
    c.t.instead[c.layer.id] = lambda: unpack(c, found, dtype)


def behind_convert(c: Case, layer: Layer | None) -> Layer | None:
    """The Const behind Converts, None if there is none."""
    while layer is not None and layer.type == "Convert":
        layer = c.t.producer(layer, 0)
    return layer if layer is not None and layer.type == "Const" and layer.outputs else None


def chain(c: Case, index: int) -> Compressed | None:
    """The compressed weight whose numbers come in at input `index`, and its scale at the other."""
    numbers, zero = c.t.producer(c.layer, index), None
    scale = behind_convert(c, c.t.producer(c.layer, 1 - index))
    if numbers is not None and numbers.type == "Subtract":
        zero = behind_convert(c, c.t.producer(numbers, 1))
        if zero is None:
            return None
        numbers = c.t.producer(numbers, 0)
    if numbers is None or numbers.type != "Convert" or scale is None:
        return None
    stored = behind_convert(c, numbers)
    if stored is None or PORTS.get(stored.outputs[0].precision) not in LOW:
        return None
    fits = axis_of(stored.outputs[0].dims, scale.outputs[0].dims)
    if fits is None:
        return None
    return Compressed(stored, scale, zero, *fits)


def axis_of(dims: tuple[int, ...], scale: tuple[int, ...]) -> tuple[int | None, int] | None:
    """Along which axis the scales lie, and in what blocks; None if ONNX has no word for it."""
    if int(np.prod(scale)) == 1:
        return None, 0
    full = (1,) * (len(dims) - len(scale)) + scale
    if len(full) != len(dims):
        return None
    long = [k for k, size in enumerate(full) if size > 1]
    if len(long) == 1 and full[long[0]] == dims[long[0]]:
        return long[0], 0
    blocks = [k for k, (d, s) in enumerate(zip(dims, full, strict=True)) if d != s]
    if len(blocks) == 1 and full[blocks[0]] and not dims[blocks[0]] % full[blocks[0]]:
        return blocks[0], dims[blocks[0]] // full[blocks[0]]
    return None


def unpack(c: Case, weight: Compressed, dtype: str) -> None:
    """The DequantizeLinear of a weight, to elements of `dtype`."""
    dims = weight.stored.outputs[0].dims
    scale = tensor(c, weight.scale)
    if PORTS.get(weight.scale.outputs[0].precision) != dtype:
        scale = c.cast(scale, dtype)
    shape = scale_shape(weight, dims)
    scale = c.step("Reshape", [scale, c.constant(shape)])
    inputs = [tensor(c, weight.stored), scale]
    if weight.zero is not None:
        zero = tensor(c, weight.zero)
        kind = PORTS.get(weight.stored.outputs[0].precision, "u8")
        if PORTS.get(weight.zero.outputs[0].precision) != kind:
            zero = c.cast(zero, kind)
        one = int(np.prod(weight.zero.outputs[0].dims)) == 1
        zero = c.step("Reshape", [zero, c.constant([1] * len(shape) if one else shape)])
        inputs.append(c.step("Expand", [zero, c.step("Shape", [scale])]) if one else zero)
    given = {} if weight.axis is None else {"axis": weight.axis}
    if weight.block:
        given["block_size"] = weight.block
    c.node("DequantizeLinear", inputs, **given)


def scale_shape(weight: Compressed, dims: tuple[int, ...]) -> list[int]:
    """The shape ONNX wants of a scale: none, one axis, or with blocks all axes."""
    if weight.axis is None:
        return []
    if not weight.block:
        return [-1]
    return [d // weight.block if k == weight.axis else d for k, d in enumerate(dims)]


def tensor(c: Case, layer: Layer) -> str:
    return c.t.names[layer.id, layer.outputs[0].id]


@translates("FakeQuantize")
def fake_quantize(c: Case) -> None:
    """What a quantised file says of a tensor: QuantizeLinear and DequantizeLinear, of 8 bits up to 256 levels, of 16
    above. Limits that differ by more than one axis leave the tensor as it is."""
    levels = c.whole("levels", 256)
    dims = [c.dims(k) for k in range(1, 5)]
    axes = {axis_in(c, d) for d in dims}
    known = [c.value(k) for k in range(1, 5)]
    if -1 in axes or levels < 2 or levels > 65536 or any(v is None for v in known):
        c.renamed(c.x())
        return
    axes.discard(None)
    axis = axes.pop() if len(axes) == 1 else None
    if axes:
        c.renamed(c.x())
        return
    low, high, out_low, out_high = (
        np.asarray(v, np.float64).reshape(-1) for v in known if v is not None
    )
    number = ("u8", 2) if levels <= 256 else ("u16", 4)
    along = {} if axis is None else {"axis": axis}
    first = step_and_zero(c, low, high, levels, number, axis)
    second = step_and_zero(c, out_low, out_high, levels, number, axis)
    stored = c.step("QuantizeLinear", [c.x(), *first], **along)
    c.node("DequantizeLinear", [stored, *second], **along)


def axis_in(c: Case, dims: tuple[int, ...]) -> int | None:
    """Which axis of the data limits lie along: None for one limit, -1 for several axes."""
    long = [k for k, size in enumerate(dims) if size != 1]
    if len(long) > 1:
        return -1
    return c.rank() - len(dims) + long[0] if long else None


def step_and_zero(
    c: Case, low: np.ndarray, high: np.ndarray, levels: int, number: tuple[str, int], axis: int | None
) -> list[str]:
    """Scale and zero point of the range from `low` to `high`."""
    low, high = np.broadcast_arrays(low, high)
    step = np.where(high > low, (high - low) / (levels - 1), 1.0)
    zero = np.clip(np.rint(-low / step), 0, 2 ** (8 if number[0] == "u8" else 16) - 1)
    if axis is None:
        step, zero = step[:1].reshape(()), zero[:1].reshape(())
    elif step.size == 1:
        step, zero = (np.repeat(v, c.dims()[axis]) for v in (step, zero))
    kind = c.type() if c.type() in ("f16", "f32") else "f32"
    return [c.constant(step, kind), c.cast(c.constant(zero, "f32"), number[0])]
