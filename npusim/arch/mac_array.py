"""How long work keeps one tile's MAC array busy.

Every function takes scalars, columns of works and arrays of hardware numbers alike: works as [n] with scalar
hardware, or as [n, 1] with hardware numbers of shape [p] (a sweep), give [n] or [n, p]. Forms follow what
explains Intel's own cost model VPUNN; `docs/hardware.md` says them in words and formulas.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.work import MacOp, MacWork, Number

#: Grid modes of a convolution: width and height in pixels, and how many times `block_channels` one covers.
GRID_MODES = {"16x16": (16, 16, 1), "8x16": (16, 8, 2), "4x16": (8, 8, 4)}
_STENCIL_GRID = (16, 16)
_ELTWISE_GRID = (16, 8)
_ALIGN = 16  # channels the array works on at once
_WORKLOAD_CHANNELS = 64  # most channels of one depthwise or pooling workload


def mac_array_ns(work: MacWork, hw: Hardware, grid_mode: str | None = None) -> Number:
    """Nanoseconds of the work on one tile; arguments as in `mac_array_cycles`."""
    return mac_array_cycles(work, hw, grid_mode) * (1e3 / hw.mac_array.clock_mhz)


def mac_array_cycles(
    work: MacWork,
    hw: Hardware,
    grid_mode: str | None = None,
    weight_sparsity: Number = 0.0,
    input_sparsity: Number = 0.0,
) -> Number:
    """MAC-array cycles of all `groups` problems of the work on one tile.

    Args:
        work: one work or a column of works; ops may be mixed in a column.
        hw: the machine; numbers may be arrays.
        grid_mode: price convolutions in this mode ("16x16", "8x16", "4x16"); None takes the best of them.
        weight_sparsity, input_sparsity: fraction of zero values the array may skip, 0..1.
    """
    op = np.asarray(work.op)
    if op.ndim == 0:
        return work.groups * _one_op(int(op), work, hw, grid_mode, weight_sparsity, input_sparsity)
    kinds = np.unique(op)
    if len(kinds) == 1:
        return work.groups * _one_op(int(kinds[0]), work, hw, grid_mode, weight_sparsity, input_sparsity)
    cycles: Any = 0.0
    for kind in kinds:  # a column mixes few ops; each form is priced on its rows only
        rows = np.flatnonzero(op.reshape(len(op), -1)[:, 0] == kind)
        part = _rows(work, rows, len(op))
        price = _one_op(
            int(kind),
            part,
            hw,
            grid_mode,
            _take(weight_sparsity, rows, len(op)),
            _take(input_sparsity, rows, len(op)),
        )
        price = np.asarray(part.groups * price)
        if np.ndim(cycles) == 0:
            cycles = np.zeros((len(op), *price.shape[1:]))
        cycles[rows] = price
    return cycles


def _take(value: Any, rows: Any, n: int) -> Any:
    value_array = np.asarray(value)
    return value_array[rows] if value_array.ndim and value_array.shape[0] == n else value


def _rows(work: MacWork, rows: Any, n: int) -> MacWork:
    fields = type(work).__dataclass_fields__
    return MacWork(**{name: _take(getattr(work, name), rows, n) for name in fields})


def _one_op(op: int, work: MacWork, hw: Hardware, mode: str | None, wsp: Any, asp: Any) -> Number:
    if op == MacOp.CONVOLUTION:
        return convolution_cycles(work, hw, mode, wsp, asp)
    if op == MacOp.ELTWISE:
        return eltwise_cycles(work, hw)
    return stencil_cycles(work, hw)


def _ceil(value: Any, step: Any) -> Any:
    return np.ceil(np.asarray(value, dtype=float) / step)


def _by_width(nbytes: Any, eight: Any, sixteen: Any) -> Any:
    """The constant of 8-bit or of 16-bit data."""
    return np.where(np.asarray(nbytes) > 1, sixteen, eight)


def convolution_cycles(
    work: MacWork,
    hw: Hardware,
    grid_mode: str | None = None,
    weight_sparsity: Number = 0.0,
    input_sparsity: Number = 0.0,
) -> Number:
    """Cycles of ONE problem of a convolution or matrix product (see `docs/hardware.md`, Convolution).

    Four streams run side by side: the MACs (rounded up to 4 x 4 pixels, 16 output channels and 32 bytes of
    input channels), weights (read again for every block of pixels), inputs (read again for every block of
    output channels) and outputs. Together they take the p-norm of the four, plus a fixed cost and one per block.
    """
    array, fit = hw.mac_array, hw.mac_array.convolution
    taps = np.asarray(work.kernel_h, dtype=float) * work.kernel_w
    skip = np.asarray(work.taps_inside, dtype=float) ** fit.padding_exponent
    input_bytes = np.asarray(work.input_bytes, dtype=float)
    weight_bytes = np.maximum(work.weight_bytes, 1.0)  # int4 weights are read as 8 bits
    channels = _ceil(work.in_c * input_bytes, 32) * 32 / input_bytes
    pixels = _ceil(work.out_w, 4) * _ceil(work.out_h, 4) * 16
    padded_macs = pixels * (_ceil(work.out_c, _ALIGN) * _ALIGN) * channels * taps * skip
    dense = np.maximum(
        (1.0 - np.asarray(weight_sparsity)) * (1.0 - np.asarray(input_sparsity)), fit.sparsity_floor
    )
    peak = array.macs_per_cycle / _by_width(input_bytes, 1.0, array.fp16_ratio)
    compute = padded_macs * np.minimum(dense, 1.0) / peak
    output_rate = _by_width(
        work.output_bytes, fit.output_elements_per_cycle_8bit, fit.output_elements_per_cycle_16bit
    )
    output = np.asarray(work.out_w, dtype=float) * work.out_h * work.out_c / output_rate * _broadcast(work)
    weight_total = taps * channels * weight_bytes * (_ceil(work.out_c, _ALIGN) * _ALIGN)
    input_total = np.asarray(work.out_w, dtype=float) * work.out_h * work.in_c * taps * skip * input_bytes
    power = fit.overlap_exponent
    fixed = compute**power + output**power
    best: Any = None
    for name, (width, height, times) in GRID_MODES.items():
        if grid_mode not in (None, name):
            continue
        across = _ceil(work.out_w, width) * _ceil(work.out_h, height)
        deep = _ceil(work.out_c, times * fit.block_channels)
        weights = weight_total * across / getattr(fit, f"weight_bytes_per_cycle_{name}")
        inputs = input_total * deep / getattr(fit, f"input_bytes_per_cycle_{name}")
        streams = (fixed + weights**power + inputs**power) ** (1.0 / power)
        cycles = fit.overhead_cycles + streams + fit.block_cycles * across * deep
        best = cycles if best is None else np.minimum(best, cycles)
    return best


def _broadcast(work: MacWork) -> Any:
    return 1.0


def stencil_cycles(work: MacWork, hw: Hardware) -> Number:
    """Cycles of ONE problem of a depthwise convolution or a pooling."""
    fit = hw.mac_array.stencil
    taps = np.asarray(work.kernel_h, dtype=float) * work.kernel_w
    out_w, out_h = np.asarray(work.out_w, dtype=float), np.asarray(work.out_h, dtype=float)
    lanes = _by_width(work.input_bytes, fit.lanes_8bit, fit.lanes_16bit)
    channels = _ceil(work.out_c, lanes) * lanes
    width, height = _STENCIL_GRID
    speed = np.where((taps == 9) & (np.asarray(work.stride_w) == 1), fit.kernel3_speedup, 1.0)
    speed = speed * np.where(np.asarray(work.stride_w) > 1, fit.stride_factor, 1.0)
    speed = speed * np.where((out_w <= width) & (out_h <= height), fit.small_plane_factor, 1.0)
    rate = _by_width(work.input_bytes, fit.macs_per_cycle_8bit, fit.macs_per_cycle_16bit)
    compute = _ceil(out_w, 4) * _ceil(out_h, 4) * 16 * channels * taps / (rate * speed)
    output_rate = _by_width(
        work.output_bytes, fit.output_elements_per_cycle_8bit, fit.output_elements_per_cycle_16bit
    )
    output = out_w * out_h * channels / output_rate * _broadcast(work)
    blocks = _ceil(out_w, width) * _ceil(out_h, height) * _ceil(work.out_c, _ALIGN)
    workloads = _ceil(work.out_c, _WORKLOAD_CHANNELS)
    return fit.overhead_cycles * workloads + np.maximum(compute, output) + fit.workload_cycles * blocks


def eltwise_cycles(work: MacWork, hw: Hardware) -> Number:
    """Cycles of ONE problem of an elementwise operation on two tensors (both reads included)."""
    fit = hw.mac_array.eltwise
    rate = _by_width(work.input_bytes, fit.elements_per_cycle_8bit, fit.elements_per_cycle_16bit)
    elements = _ceil(work.out_w, 4) * _ceil(work.out_h, 4) * 16 * np.asarray(work.out_c, dtype=float)
    width, height = _ELTWISE_GRID
    blocks = _ceil(work.out_w, width) * _ceil(work.out_h, height) * _ceil(work.out_c, _ALIGN)
    return fit.overhead_cycles + elements / rate * _broadcast(work) + fit.block_cycles * blocks
