"""FakeQuantize: what a quantised file says of a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.loading.ir.case import Case
from npusim.loading.ir.table import translates


@translates("FakeQuantize")
def fake_quantize(c: Case) -> None:
    """What a quantised file says of a tensor: QuantizeLinear and DequantizeLinear, of 8 bits up to 256 levels, of 16
    above. Limits that differ by more than one axis leave the tensor as it is."""
    levels = c.whole("levels", 256)
    dims = [c.dims(k) for k in range(1, 5)]
    axes = {axis_in(c, d) for d in dims}
    known = [c.value(k) for k in range(1, 5)]
    if -1 in axes or levels < 2 or levels > 65536:
        c.renamed(c.x())
        return
    axes.discard(None)
    axis = axes.pop() if len(axes) == 1 else None
    if axes:
        c.renamed(c.x())
        return
    number = ("u8", 2) if levels <= 256 else ("u16", 4)
    along: dict[str, Any] = {} if axis is None else {"axis": axis}
    if any(
        v is None for v in known
    ):  # without the .bin: a scale of the same size, whose value nothing depends on
        count = 1 if axis is None else c.dims()[axis]
        scale = c.constant(np.ones(count if axis is not None else ()), c.type())
        zero = c.cast(c.constant(np.zeros(count if axis is not None else ()), "f32"), number[0])
        stored = c.step("QuantizeLinear", [c.x(), scale, zero], **along)
        c.node("DequantizeLinear", [stored, scale, zero], **along)
        return
    low, high, out_low, out_high = (np.asarray(v, np.float64).reshape(-1) for v in known if v is not None)
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
