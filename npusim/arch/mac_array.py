"""How long work keeps one tile's MAC array busy.

Every function takes scalars, columns of works and arrays of hardware numbers alike: works as [n] with scalar
hardware, or as [n, 1] with hardware numbers of shape [p] (a sweep), give [n] or [n, p]. Forms follow what
explains Intel's own cost model VPUNN; `docs/hardware.md` says them in words and formulas.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.work import MacOp, MacWork, Number

#: Grid modes of a convolution: width and height in pixels, and how many times `block_channels` one covers.
GRID_MODES = {"16x16": (16, 16, 1), "8x16": (16, 8, 2), "4x16": (8, 8, 4)}
_ALIGN = 16  # channels the array works on at once
_WORD_BYTES = 32  # of the link between tiles: 16 8-bit channels of a pixel cost what 16 16-bit ones do
_LONG_STRIDE = 8  # rows; the largest stride there is
_MOST_ROWS = 4096  # of a tile's piece: longer lines are cut to 8,192 rows for two tiles
_LEAST_INSIDE = 0.8  # no profiled row shows a gain from more padding than this leaves inside


def mac_array_ns(work: MacWork, hw: Hardware, grid_mode: str | None = None) -> Number:
    """Nanoseconds of the work on one tile; arguments as in `mac_array_cycles`."""
    return mac_array_cycles(work, hw, grid_mode) * (1e3 / hw.mac_array.clock_mhz)


def mac_array_cycles(work: MacWork, hw: Hardware, grid_mode: str | None = None) -> Number:
    """MAC-array cycles of all `groups` problems of the work on one tile.

    Args:
        work: one work or a column of works; ops may be mixed in a column.
        hw: the machine; numbers may be arrays.
        grid_mode: price convolutions in this mode ("16x16", "8x16", "4x16"); None takes the one of fewest blocks of
            what is written, of equals the first, as Intel's compiler does (docs/hardware.md).
    """
    op = np.asarray(work.op)
    if op.ndim == 0:
        return work.groups * _by_planes(_one_op(int(op), work, hw, grid_mode), work, hw)
    kinds = sorted(set(op.ravel().tolist()))  # np.unique would import numpy.ma, 10 ms of start-up
    if len(kinds) == 1:
        return work.groups * _by_planes(_one_op(int(kinds[0]), work, hw, grid_mode), work, hw)
    parts = []
    for kind in kinds:  # a column mixes few ops; each form is priced on its rows only
        rows = np.flatnonzero(op.reshape(len(op), -1)[:, 0] == kind)
        part = _rows(work, rows, len(op))
        cycles = _by_planes(_one_op(int(kind), part, hw, grid_mode), part, hw)
        parts.append((rows, np.asarray(part.groups * cycles)))
    points = np.broadcast_shapes(*(price.shape[1:] for _, price in parts))
    total = np.empty((len(op), *points))
    for rows, price in parts:
        total[rows] = price
    return total


def _take(value: Any, rows: Any, n: int) -> Any:
    value_array = np.asarray(value)
    return value_array[rows] if value_array.ndim and value_array.shape[0] == n else value


def _rows(work: MacWork, rows: Any, n: int) -> MacWork:
    fields = type(work).__dataclass_fields__
    return MacWork(**{name: _take(getattr(work, name), rows, n) for name in fields})


def _one_op(op: int, work: MacWork, hw: Hardware, mode: str | None) -> Number:
    if op == MacOp.CONVOLUTION:
        return _over_long_rows(convolution_cycles(work, hw, mode), work, hw)
    if op == MacOp.ELTWISE:
        return eltwise_cycles(work, hw)
    if op >= MacOp.PERMUTE_IMAGE:
        return permute_cycles(work, hw)
    return _over_long_rows(stencil_cycles(work, hw, mode), work, hw)


def _over_long_rows(cycles: Number, work: MacWork, hw: Hardware) -> Number:
    """Cycles of ONE problem of windows: dearer by the cube of their input rows at strides of 8 rows where a compiler
    prices them so (`docs/hardware.md`, Long columns)."""
    rows = np.asarray(hw.mac_array.stride8_rows, dtype=float)
    strided = np.asarray(work.stride_h) >= _LONG_STRIDE
    if not np.any(strided) or not np.any(rows):
        return cycles
    share = np.minimum(work.out_h * np.asarray(work.stride_h, dtype=float), _MOST_ROWS) / np.where(
        rows > 0, rows, np.inf
    )
    return cycles * np.where(strided, 1.0 + share**3, 1.0)


def _by_planes(cycles: Number, work: MacWork, hw: Hardware) -> Number:
    """Cycles of ONE problem whose output may be written plane by plane: the root of the sum of squares of its own time
    and of that of scattering its elements (`docs/hardware.md`, Permute)."""
    if not np.any(work.planes):
        return cycles
    pixels = np.asarray(work.out_w, dtype=float) * work.out_h * work.planes
    scatter = pixels * work.out_c * hw.mac_array.permute.planes_cycles_per_element
    return np.hypot(cycles, scatter * (np.asarray(work.output_bytes) / 2.0))


def _ceil(value: Any, step: Any) -> Any:
    return np.ceil(np.asarray(value, dtype=float) / step)


def _by_width(nbytes: Any, eight: Any, sixteen: Any) -> Any:
    """The constant of 8-bit or of 16-bit data."""
    return np.where(np.asarray(nbytes) > 1, sixteen, eight)


def _output_cycles(work: MacWork, hw: Hardware, fit: Any, channels: Any) -> Any:
    """Cycles the drain path needs to write `channels` of one problem's output, to one tile or to several."""
    rate = _by_width(
        work.output_bytes, fit.output_elements_per_cycle_8bit, fit.output_elements_per_cycle_16bit
    )
    pixels = np.asarray(work.out_w, dtype=float) * work.out_h
    return np.maximum(_pixels_through(work, fit) * channels / rate, _broadcast_cycles(work, hw, pixels))


def _pixels_through(work: MacWork, fit: Any) -> Any:
    """Pixels that reads and writes take as long as: more than there are where rows go in fours."""
    rows = np.asarray(work.out_h, dtype=float)
    return np.asarray(work.out_w, dtype=float) * (rows + fit.row_rounding * (_ceil(rows, 4) * 4 - rows))


def _broadcast_cycles(work: MacWork, hw: Hardware, pixels: Any) -> Any:
    """Cycles to write an output to several tiles, 0 for one: the channels of every pixel in whole words."""
    words = _ceil(np.asarray(work.out_c, dtype=float) * work.output_bytes, _WORD_BYTES)
    cycles = pixels * words * _WORD_BYTES / hw.mac_array.broadcast_bytes_per_cycle
    return np.where(np.asarray(work.write_tiles) > 1, cycles, 0.0)


def convolution_cycles(work: MacWork, hw: Hardware, grid_mode: str | None = None) -> Number:
    """Cycles of ONE problem of a convolution or matrix product (`docs/hardware.md`, Convolution).

    Three streams run side by side: the MACs (on 4 x 4 pixels, 16 output channels and whole words of input
    channels), the reads and the outputs. Weights (read again for every block of pixels) and inputs (read again for
    every block of output channels) come in over the same ports, one after the other. Together the streams take their
    p-norm, after a fixed cost and one per block.
    """
    array, fit = hw.mac_array, hw.mac_array.convolution
    taps = np.asarray(work.kernel_h, dtype=float) * work.kernel_w
    seen = taps * np.asarray(work.taps_inside, dtype=float) ** fit.padding_exponent
    input_bytes = np.asarray(work.input_bytes, dtype=float)
    weight_bytes = np.maximum(np.asarray(work.weight_bytes) * work.weight_read, 1.0)  # int4 is read as 8 bits
    in_c = np.asarray(work.in_c, dtype=float)
    wide = _ceil(np.maximum(in_c, _ALIGN) * input_bytes, fit.input_align_bytes) * fit.input_align_bytes
    # The first layer's own mode: a pixel of few channels counts for fewer bytes than 16 channels have.
    narrow = np.minimum(fit.narrow_bytes + fit.narrow_bytes_per_channel * in_c, wide)
    channels = np.where(in_c < _ALIGN, narrow, wide) / input_bytes
    read_channels = np.where(in_c < _ALIGN, channels / fit.narrow_input_rate_ratio, in_c)
    out_channels = _ceil(work.out_c, _ALIGN) * _ALIGN
    weight_zeros = np.maximum(work.weight_zeros, 1.0 - 1.0 / np.asarray(work.weight_groups))
    zeros = np.maximum(weight_zeros, work.input_zeros)  # VPUNN: the better of the two, not both
    peak = array.macs_per_cycle / _by_width(input_bytes, 1.0, array.fp16_ratio)
    padded = _columns(work, fit) * _ceil(work.out_h, 4) * 4 * out_channels * channels * seen
    compute = padded * work.mac_slots * (1.0 - fit.sparsity_saving * zeros) / peak
    weights = taps * channels * weight_bytes * out_channels
    weights = weights * (1.0 - fit.weight_sparsity_saving * weight_zeros)
    inputs = _pixels_through(work, fit) * read_channels * seen * input_bytes
    power = fit.overlap_exponent
    written = _output_cycles(work, hw, fit, out_channels)  # sixteens are written whole
    fixed = compute**power + written**power
    across, deep, weight_rate, input_rate = _in_mode(work, fit, grid_mode, weights, inputs)
    read = weights * across / weight_rate + inputs * deep / input_rate
    streams = (fixed + read**power) ** (1.0 / power)
    return fit.overhead_cycles + streams + fit.block_cycles * across * deep


def _columns(work: MacWork, fit: Any) -> Any:
    """Columns that the array takes as long for: all four of a grid, two where a compiler prices pairs of them, fewer
    for a window along a line where it prices it so."""
    width = _ceil(work.out_w, fit.grid_columns) * fit.grid_columns
    return np.where(_lines(work), 1 + 3 * np.asarray(fit.column_rounding), width)


def _lines(work: MacWork) -> Any:
    """Which works are windows along a line one pixel wide."""
    taps = np.asarray(work.kernel_h) * np.asarray(work.kernel_w)
    return (np.asarray(work.out_w) == 1) & (taps > 1)


def _in_mode(work: MacWork, fit: Any, grid_mode: str | None, weights: Any, inputs: Any) -> list[Any]:
    """Blocks of pixels and of output channels, and the rates of weights and inputs, in the grid mode of fewest blocks.

    The mode is that of what stands in the tile's memory: all channels where every tile gets those of the others. It is
    chosen before anything is priced: works are few, their prices at the points of a sweep many. Only for lines one
    pixel wide that do not take the array as four columns do it is the one that reads `weights` and `inputs` fastest."""
    lines = _lines(work) & (np.asarray(fit.column_rounding) < 1)
    whole_c = np.asarray(work.out_c) * np.maximum(work.write_tiles, 1)
    best: list[Any] = []
    fewest: Any = np.inf
    for name in GRID_MODES if grid_mode is None else (grid_mode,):
        width, height, times = _grid(name)
        rows = np.asarray(work.out_h, dtype=float) + fit.rows_beyond
        across = _ceil(work.out_w, width) * _ceil(rows, height)
        deep, whole = (_ceil(channels, times * fit.block_channels) for channels in (work.out_c, whole_c))
        rates = [getattr(fit, f"{stream}_bytes_per_cycle_{name}") for stream in ("weight", "input")]
        here, blocks = [across, deep, *rates], across * whole
        if np.any(lines):
            blocks = np.where(lines, weights * across / rates[0] + inputs * deep / rates[1], blocks)
        best = [np.where(blocks < fewest, *pair) for pair in zip(here, best, strict=True)] if best else here
        fewest = np.minimum(fewest, blocks)
    return best


def _grid(mode: str) -> tuple[int, int, int]:
    """Extents of a grid mode. Raises BadArgument for a mode that is none."""
    if mode not in GRID_MODES:
        raise BadArgument(f"no grid mode '{mode}'; there are {', '.join(GRID_MODES)}")
    return GRID_MODES[mode]


def stencil_cycles(work: MacWork, hw: Hardware, grid_mode: str | None = None) -> Number:
    """Cycles of ONE problem of a depthwise convolution or a pooling (`docs/hardware.md`, Stencil).

    The channels go through in workloads of 64 or of 32, whichever is faster, in the mode 16x16, which Intel's
    compiler takes for them. A `grid_mode` prices the row of a table instead: its channels are one workload as they
    stand, its pixels blocks of that mode.
    """
    if grid_mode is not None:
        return _stencil(work, hw, None, grid_mode)
    return np.minimum(_stencil(work, hw, 64), _stencil(work, hw, 32))


def _stencil(work: MacWork, hw: Hardware, workload_channels: int | None, grid_mode: str = "16x16") -> Any:
    fit = hw.mac_array.stencil
    taps = np.asarray(work.kernel_h, dtype=float) * work.kernel_w
    inside = np.maximum(np.asarray(work.taps_inside, dtype=float), _LEAST_INSIDE)
    out_w = np.asarray(work.out_w, dtype=float)
    lanes = _by_width(work.input_bytes, hw.mac_array.lanes_8bit, hw.mac_array.lanes_16bit)
    groups = _ceil(work.out_c, lanes)
    size = np.asarray(work.out_c) if workload_channels is None else np.minimum(work.out_c, workload_channels)
    workloads = _ceil(work.out_c, size)
    fast = (
        (np.asarray(work.kernel_w) == 3) & (np.asarray(work.stride_w) == 1) & (size <= fit.kernel3_channels)
    )
    speed = np.where(
        fast, fit.kernel3_speedup, np.where(np.asarray(work.stride_w) > 1, fit.stride_factor, 1.0)
    )
    rate = _by_width(work.input_bytes, fit.macs_per_cycle_8bit, fit.macs_per_cycle_16bit)
    width = out_w + fit.width_rounding * (_ceil(out_w, 4) * 4 - out_w)
    pixels = width * (_ceil(work.out_h, 4) * 4)
    compute = pixels * taps * inside**fit.padding_exponent * groups * lanes / (rate * speed)
    power = fit.overlap_exponent
    serial = fit.tap_cycles * taps * groups  # what the taps take however few pixels there are
    streams = (compute**power + serial**power + _output_cycles(work, hw, fit, work.out_c) ** power) ** (
        1.0 / power
    )
    across, down, _ = _grid(grid_mode)
    blocks = _ceil(work.out_w, across) * _ceil(work.out_h, down) * _ceil(work.out_c, _ALIGN)
    start = fit.overhead_cycles * workloads + fit.group_cycles * groups
    return start + streams + fit.block_cycles * blocks


def eltwise_cycles(work: MacWork, hw: Hardware) -> Number:
    """Cycles of ONE problem of an elementwise operation on two tensors (both reads included)."""
    array, fit = hw.mac_array, hw.mac_array.eltwise
    rate = _by_width(work.input_bytes, fit.elements_per_cycle_8bit, fit.elements_per_cycle_16bit)
    lanes = _by_width(work.input_bytes, array.lanes_8bit, array.lanes_16bit)
    elements = _ceil(work.out_w, 4) * _ceil(work.out_h, 4) * 16 * (_ceil(work.out_c, lanes) * lanes)
    blocks = _ceil(work.out_w, 16) * _ceil(work.out_h, 8) * _ceil(work.out_c, _ALIGN)
    pixels = np.asarray(work.out_w, dtype=float) * work.out_h
    stream = np.maximum(elements / rate, _broadcast_cycles(work, hw, pixels))
    return fit.overhead_cycles + stream + fit.block_cycles * blocks


def permute_cycles(work: MacWork, hw: Hardware) -> Number:
    """Cycles of ONE problem of a pass that only writes in another order: an overhead, one for sixteen channels where
    it goes part by part, and elements over a rate.

    Channels count in fours; 8-bit elements go twice as fast: the rates are of the bytes that are scattered."""
    fit = hw.mac_array.permute
    image = np.asarray(work.op) == MacOp.PERMUTE_IMAGE
    rate = np.where(image, fit.image_elements_per_cycle, fit.elements_per_cycle)
    grid = np.where(np.asarray(work.op) == MacOp.PERMUTE, 4, 1)  # a pooling in disguise: on 4 x 4 pixels
    pixels = _ceil(work.out_w, grid) * _ceil(work.out_h, grid) * grid * grid
    pixels = np.where(grid > 1, pixels, np.asarray(work.out_w, dtype=float) * work.out_h)
    elements = pixels * (_ceil(work.out_c, 4) * 4)
    parts = np.asarray(work.op) == MacOp.PERMUTE_PARTS
    blocks = np.where(parts, _ceil(work.out_c, _ALIGN) * fit.block_cycles, 0.0)
    return fit.overhead_cycles + blocks + elements / rate * (np.asarray(work.output_bytes) / 2.0)
