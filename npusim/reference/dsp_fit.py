"""DSP kernels: lines fitted to a reference table, and how far the lines in use are from it.

A line is launch + elements * cycles_per_element. Only straight kernels are fitted: those of one input in
the provider `shave2_profiled`, from 4096 elements on (below, remainders of unrolled blocks ride on the line).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npusim.arch.dsp import dsp_cycles, dsp_ns, has_kernel, kernel_line, kernel_lines
from npusim.arch.hardware import Hardware
from npusim.arch.sources import Source
from npusim.errors import BadArgument
from npusim.reference.rows import bad_table, half_of, percent_error, read_table

LEAST_ELEMENTS = 4096
PROFILED = "shave2_profiled"


#: Kernels that are no straight lines in elements: they also cost per row, or scalar remainders rule them.
_BENT = ("default", "gather", "mvn", "normalize_l2", "normalizel2onlyc", "softmax")


@dataclass(frozen=True)
class DspRows:
    """Rows of a DSP table, arrays [n]. `straight`: one input and a time that is a line in the elements;
    `rows`: elements over the width of the innermost axis; `mac_clock_mhz`: what the table was made at;
    `half`: 0 or 1, by kernel and number of elements."""

    provider: Any
    kernel: Any  # lower case
    elements: Any
    rows: Any
    straight: Any
    mac_clock_mhz: Any
    ns: Any
    half: Any

    def select(self, mask: Any) -> DspRows:
        """The rows where `mask` is true."""
        return DspRows(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})


def read_all_dsp_rows(path: str | Path, skipped: Counter[str] | None = None) -> DspRows:
    """Every row of a `dsp_npu*.csv[.gz]`; those without a positive time are left out and counted."""
    found = []
    try:
        for row in read_table(path):
            name = row["op"].lower()
            straight = row["n_inputs"] == "1" and "." not in name and not name.startswith(_BENT)
            elements, us = float(row["n_elems"]), float(row["us"])
            if not us > 0:
                if skipped is not None:
                    skipped[f"{Path(path).name}: rows without a positive time"] += 1
                continue
            lines = max(elements / max(float(row.get("in_c") or 1), 1.0), 1.0)
            half = half_of(f"{name} {int(elements)}")
            clock = float(row["dpu_mhz"])
            found.append((row["provider"], name, elements, lines, straight, clock, us * 1e3, half))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise bad_table(path, error) from None
    if not found:
        raise BadArgument(f"{path}: holds no DSP rows (columns provider, op, n_elems, us, ... expected)")
    return DspRows(*(np.array(column) for column in zip(*found, strict=True)))


def dsp_clock_mhz(rows: DspRows, hw: Hardware) -> Any:
    """The DSP clock each row was made at: the hardware's ratio of clocks at the table's MAC-array clock."""
    return hw.dsp.clock_mhz / hw.mac_array.clock_mhz * rows.mac_clock_mhz


def price_rows(rows: DspRows, hw: Hardware) -> Any:
    """Predicted nanoseconds of every row at the clock its table was made at: [n]."""
    lines = kernel_lines(hw, list(rows.kernel))
    return dsp_cycles(lines, rows.elements, rows.rows) * 1e3 / dsp_clock_mhz(rows, hw)


class KernelRows(NamedTuple):
    """Profiled rows of one kernel on one DSP: elements [n] and nanoseconds [n]."""

    elements: Any
    ns: Any


def read_dsp_rows(path: str | Path) -> dict[str, KernelRows]:
    """Profiled one-input kernels of a `dsp_npu*.csv[.gz]` by lower-case name. Raises BadArgument."""
    found: dict[str, list[tuple[float, float]]] = {}
    try:
        for row in read_table(path):
            if row["provider"] != PROFILED or row["n_inputs"] != "1" or "." in row["op"]:
                continue
            if float(row["n_elems"]) >= LEAST_ELEMENTS:
                pair = (float(row["n_elems"]), float(row["us"]) * 1e3)
                found.setdefault(row["op"].lower(), []).append(pair)
    except (KeyError, ValueError) as error:
        raise bad_table(path, error) from None
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


def fit_dsp(hw: Hardware, rows: DspRows, origin: str = "the table") -> Hardware:
    """`hw` with the lines of straight profiled kernels fitted to half 0 of `rows`, from 4096 elements on.

    Kernels without a line in `hw`, and those with fewer than three rows, are left as they are.
    """
    rows = rows.select((rows.provider == PROFILED) & rows.straight & (rows.elements >= LEAST_ELEMENTS))
    wider = hw.dsp.lines_vector_bits / hw.dsp.vector_bits
    for name in np.unique(rows.kernel):
        of_kernel = rows.select(rows.kernel == name)
        part = of_kernel.select(of_kernel.half == 0)
        if len(np.unique(part.elements)) < 3 or not has_kernel(hw, name):
            continue
        line = kernel_line(hw, str(name))
        launch, slope = fit_line(KernelRows(part.elements, part.ns), float(dsp_clock_mhz(part, hw)[0]))
        values = {"launch_cycles": launch, "cycles_per_element": slope / (1.0 if line.scalar else wider)}
        moved = {f"dsp.kernels.{name}.{n}": float(f"{value:.5g}") for n, value in values.items()}
        better = hw.replace(moved)
        held = of_kernel.select(of_kernel.half == 1)
        errors = [
            f"{len(each.ns)} rows {word} {percent_error(price_rows(each, better), each.ns):.1f} %"
            for each, word in ((part, "fitted to"), (held, "held out at"))
            if len(each.ns)
        ]
        hw = hw.replace(moved, Source("fitted", f"{origin}: {', '.join(errors)}"))
    return hw
