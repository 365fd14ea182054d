"""The DSP's rows: one kernel on one DSP.

Judged are the straight lines among the profiled kernels, from 4096 elements on (large).
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from npusim.arch.dsp import has_kernel
from npusim.arch.hardware import Hardware
from npusim.arch.spread import spreads
from npusim.reference import bars
from npusim.reference.dsp_fit import (
    LEAST_ELEMENTS,
    PROFILED,
    DspRows,
    dsp_clock_mhz,
    price_rows,
    read_all_dsp_rows,
)
from npusim.reference.errors import GroupErrors, compare
from npusim.reference.folder import Folder

OTHER_KERNELS = "other kernels"


def dsp(folder: Folder, hw: Hardware, skipped: Counter[str]) -> list[GroupErrors]:
    """Comparisons of the kernels of one NPU's generation that the hardware has a line for."""
    path = folder.find(f"dsp_npu{hw.generation}")
    if path is None:
        return []
    rows = read_all_dsp_rows(path, skipped)
    known = np.array([has_kernel(hw, name) for name in rows.kernel], dtype=bool)
    if not known.all():
        names = np.unique(rows.kernel[~known])
        words = f"{len(names)} kernels without a line of their own ({', '.join(names[:3])}, ...)"
        skipped[f"{path.name}: rows of {words}"] += int((~known).sum())
    rows = rows.select(known)
    predicted, roofline = price_rows(rows, hw), _roofline_ns(rows, hw)
    kernels = tuple(dict.fromkeys(rows.kernel.tolist()))
    of = {s.name: (s.down, s.up) for s in spreads(hw, kernels)}
    reach = np.array([of[f"dsp.kernels.{name}"] for name in rows.kernel.tolist()]).T.reshape(2, -1)
    big = rows.elements >= LEAST_ELEMENTS
    profiled = rows.provider == PROFILED
    groups = [
        ("one input, large", profiled & rows.straight & big, bars.DSP),
        ("one input, small", profiled & rows.straight & ~big, None),
        (OTHER_KERNELS, profiled & ~rows.straight, None),
    ]
    groups += [(f"{p}", rows.provider == p, None) for p in np.unique(rows.provider[~profiled])]
    return [
        compare(
            predicted[mask],
            roofline[mask],
            rows.ns[mask],
            reach=reach[:, mask],
            what=str(what),
            engine="DSP",
            against="profiled" if profiled[mask].all() else "formula",
            generation=hw.generation,
            hardware=hw.name,
            table=path.name,
            unit="ns",
            bar=bar,
        )
        for what, mask, bar in groups
        if mask.any()
    ]


def _roofline_ns(rows: DspRows, hw: Hardware) -> np.ndarray:
    """One element a lane of float16 and cycle."""
    return np.asarray(rows.elements / (hw.dsp.vector_bits / 16) * 1e3 / dsp_clock_mhz(rows, hw))
