"""How long one DSP needs for a kernel: launch + elements * cycles_per_element + rows * cycles_per_row.

The lines are data of the hardware file. A kernel without a line is an error here, never zero (Intel's own
estimator prices an unknown kernel at one cycle); whoever wants the line named `default` asks for it by name.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from npusim.arch.blocks import KernelLine
from npusim.arch.hardware import Hardware
from npusim.errors import BadHardware
from npusim.work import Number


class KernelLines(NamedTuple):
    """Lines of a column of kernels. Arrays are [n], or [n, p] when a line's numbers are axes of a sweep.

    `cycles_per_element` already accounts for `dsp.vector_bits`. `kinds[i]` is the weakest kind of source of
    the numbers of line i ("assumed" before "fitted" before "published" before "measured").
    """

    launch_cycles: Any
    cycles_per_element: Any
    cycles_per_row: Any
    kinds: tuple[str, ...]


_WEAKEST_FIRST = ("assumed", "compiler", "fitted", "published", "measured")
_PARTS = ("launch_cycles", "cycles_per_element", "cycles_per_row")


def has_kernel(hw: Hardware, name: str) -> bool:
    """True when the hardware has a line for this kernel."""
    return name in hw.dsp.kernels


def kernel_line(hw: Hardware, name: str) -> KernelLine:
    """The line of a kernel. Raises BadHardware when there is none."""
    kernels = hw.dsp.kernels
    if name not in kernels:
        near = difflib.get_close_matches(name, kernels, n=3)
        hint = f" (nearest: {', '.join(near)})" if near else ""
        raise BadHardware(
            f"{hw.name}: dsp.kernels has no line '{name}'{hint}; add one to the file, or use 'default'"
        )
    return kernels[name]


def kernel_lines(hw: Hardware, names: Sequence[str]) -> KernelLines:
    """Lines of the kernels `names`, in that order. Raises BadHardware on a kernel without a line."""
    found = {name: kernel_line(hw, name) for name in set(names)}
    lines = [found[name] for name in names]
    wider = hw.dsp.lines_vector_bits / hw.dsp.vector_bits
    kind_of = {
        name: min((hw.source(f"dsp.kernels.{name}.{part}").kind for part in _PARTS), key=_WEAKEST_FIRST.index)
        for name in found
    }
    return KernelLines(
        launch_cycles=_column([line.launch_cycles for line in lines]),
        cycles_per_element=_column(
            [line.cycles_per_element * (1.0 if line.scalar else wider) for line in lines]
        ),
        cycles_per_row=_column([line.cycles_per_row for line in lines]),
        kinds=tuple(kind_of[name] for name in names),
    )


def dsp_cycles(lines: KernelLines, elements: Number, rows: Number) -> Number:
    """DSP cycles of each kernel on ONE DSP that does `elements` elements in `rows` rows.

    `elements` and `rows` are [n] or [n, 1]; the lines get trailing axes where they have fewer.
    """
    count, row_count = np.asarray(elements, dtype=float), np.asarray(rows, dtype=float)
    parts = (lines.launch_cycles, lines.cycles_per_element, lines.cycles_per_row)
    ndim = max(array.ndim for array in (*parts, count, row_count))
    launch, per_element, per_row, count, row_count = (
        array.reshape(array.shape + (1,) * (ndim - array.ndim)) if array.ndim else array
        for array in (*parts, count, row_count)
    )
    return launch + per_element * count + per_row * row_count


def dsp_ns(lines: KernelLines, elements: Number, rows: Number, hw: Hardware) -> Number:
    """Nanoseconds of each kernel on one DSP; arguments as in `dsp_cycles`."""
    return dsp_cycles(lines, elements, rows) * (1e3 / hw.dsp.clock_mhz)


def _column(values: Sequence[Any]) -> Any:
    """[n] of numbers, or [n, p] when any of them is an array [p]."""
    if not any(isinstance(value, np.ndarray) for value in values):
        return np.array(values, dtype=float)
    return np.stack(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values)))
