"""DSP kernels: lines fitted to a reference table, and how far the lines in use are from it.

A line is launch + elements * cycles_per_element. Only straight kernels are fitted: those of one input in
the provider `shave2_profiled`, from 4096 elements on (below, remainders of unrolled blocks ride on the line).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npusim.arch.dsp import dsp_ns, has_kernel, kernel_lines
from npusim.arch.hardware import Hardware
from npusim.calibrate.reference import read_table
from npusim.errors import BadArgument

_LEAST_ELEMENTS = 4096
_PROFILED = "shave2_profiled"


class KernelRows(NamedTuple):
    """Profiled rows of one kernel on one DSP: elements [n] and nanoseconds [n]."""

    elements: Any
    ns: Any


def read_dsp_rows(path: str | Path) -> dict[str, KernelRows]:
    """Profiled one-input kernels of a `dsp_npu*.csv[.gz]` by lower-case name. Raises BadArgument."""
    found: dict[str, list[tuple[float, float]]] = {}
    try:
        for row in read_table(path):
            if row["provider"] != _PROFILED or row["n_inputs"] != "1" or "." in row["op"]:
                continue
            if float(row["n_elems"]) >= _LEAST_ELEMENTS:
                pair = (float(row["n_elems"]), float(row["us"]) * 1e3)
                found.setdefault(row["op"].lower(), []).append(pair)
    except (KeyError, ValueError) as error:
        raise BadArgument(f"{path}: column missing or no number: {error}") from None
    return {name: KernelRows(*np.array(pairs).T) for name, pairs in found.items()}


def kernel_errors(hw: Hardware, rows: dict[str, KernelRows], clock_mhz: float) -> dict[str, float]:
    """Mean absolute percentage error of each kernel's line that both sides know.

    `clock_mhz` is the DSP clock the table holds for (975, 971, 1114); the lines count cycles.
    """
    known = [name for name in rows if has_kernel(hw, name)]
    at_clock = hw.replace({"dsp.clock_mhz": clock_mhz})
    errors = {}
    for name in known:
        line = kernel_lines(at_clock, [name])
        predicted = dsp_ns(line, rows[name].elements, 1.0, at_clock)
        errors[name] = float(np.mean(np.abs(predicted / rows[name].ns - 1)) * 100)
    return errors


def fit_line(rows: KernelRows, clock_mhz: float) -> tuple[float, float]:
    """Launch cycles and cycles per element with the least relative error; neither is negative."""
    from scipy.optimize import nnls

    scale = 1.0 / rows.ns
    matrix = np.stack([np.ones_like(rows.elements), rows.elements], axis=1) * scale[:, None]
    (launch, slope), _ = nnls(matrix, np.ones_like(rows.ns))
    return float(launch * clock_mhz / 1e3), float(slope * clock_mhz / 1e3)
