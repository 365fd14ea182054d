"""The MAC array's rows: workloads on one tile against nets, the profiled table and ground truth."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.arch.spread import block_of, spreads
from npusim.reference import bars
from npusim.reference.errors import GroupErrors, compare
from npusim.reference.folder import Folder
from npusim.reference.mac_array_fit import price_rows
from npusim.reference.rows import MacRows, read_mac_rows
from npusim.work import MacOp, MacWork

_STENCIL = (MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.AVERAGE_POOL)


def mac_array(folder: Folder, hw: Hardware, skipped: Counter[str]) -> list[GroupErrors]:
    """Comparisons of the net's, the profiled and the measured table of one NPU's generation."""
    found: list[GroupErrors] = []
    gen = hw.generation
    tables = [("mac_array_npu{}", "net"), ("mac_array_npu{}_ground_truth", "ground truth")]
    if gen == "5010":
        tables = [("mac_array_npu{}", "net"), ("mac_array_npu{}_lut", "profiled table")]
    for name, against in tables:
        path = folder.find(name.format(gen))
        if path is None:
            continue
        rows = read_mac_rows(path, skipped)
        words = dict(
            engine="MAC array",
            against=against,
            generation=gen,
            hardware=hw.name,
            table=path.name,
            unit="cycles",
        )
        predicted, roofline = price_rows(rows, hw), roofline_cycles(rows.work, hw)
        half = rows.half if folder.fitted(path) else np.ones_like(rows.half)
        reach = reaches(rows.work.op, hw)
        for what, mask, bar in _groups(rows, against, gen):
            if mask.any():
                part = (predicted[mask], roofline[mask], rows.cycles[mask], half[mask])
                found.append(compare(*part, what=what, bar=bar, reach=reach[:, mask], **words))
    return found


def _groups(rows: MacRows, against: str, gen: str) -> list[tuple[str, Any, float | None]]:
    """Name, mask and bar of each group; the bars of NPU 5010 are those of its profiled table."""
    op = rows.work.op
    conv, stencil, add = op == MacOp.CONVOLUTION, np.isin(op, _STENCIL), op == MacOp.ELTWISE
    barred = against == ("profiled table" if gen == "5010" else "net")
    truth = bars.GROUND_TRUTH.get(gen) if against == "ground truth" else None
    return [
        ("all", conv | stencil | add, truth),
        ("convolution, matmul", conv, bars.CONVOLUTION.get(gen) if barred else None),
        ("  first layers", conv & (rows.work.in_c < 16), None),
        ("depthwise, pool, eltwise", stencil | add, bars.OTHERS.get(gen) if barred else None),
        ("  depthwise", op == MacOp.DEPTHWISE, None),
        ("  pooling", stencil & (op != MacOp.DEPTHWISE), None),
        ("  eltwise", add, None),
    ]


def reaches(ops: Any, hw: Hardware) -> Any:
    """Logarithms down and up of the 80 % range of each op's cycles, [2, n]."""
    of = {s.name: (s.down, s.up) for s in spreads(hw)}
    return np.array([of[block_of(int(op))] for op in np.asarray(ops).tolist()]).T.reshape(2, -1)


def roofline_cycles(work: MacWork, hw: Hardware, tiles: Any = 1) -> Any:
    """MACs over the peak rate, cycles; an operation without MACs counts one an element (pooling: one a tap)."""
    peak = hw.mac_array.macs_per_cycle / np.where(work.input_bytes > 1, hw.mac_array.fp16_ratio, 1.0)
    depth = np.where(work.op == MacOp.CONVOLUTION, work.in_c, 1.0)
    each = np.asarray(work.kernel_h, dtype=float) * work.kernel_w * depth
    return work.out_h * work.out_w * work.out_c * each / (peak * tiles)
