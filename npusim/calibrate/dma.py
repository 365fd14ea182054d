"""Fit the DMA's numbers: the way in (DDR -> scratchpad) first, the other directions relative to it.

Rows of up to 1 MiB (the nets are unreliable beyond), split by size; measured transfers count ten times.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from npusim.arch.dma import MEMORIES, dma_ns
from npusim.arch.hardware import Hardware
from npusim.arch.sources import Source
from npusim.calibrate.least_squares import fit_numbers
from npusim.calibrate.reference import half_of, percent_error, read_table
from npusim.errors import BadArgument

TRUTH_WEIGHT = 10.0
_LONGEST = 1 << 20
_WORDS = {"DDR": "ddr", "DRAM": "ddr", "CMX": "scratchpad"}
_DEVICES = {"3720": "VPU_2_7", "4000": "VPU_4_0", "5010": "NPU_5_0"}
#: Blocks of the hardware by (source, destination); None is the way in, which the others relate to.
DIRECTIONS: dict[tuple[str, str], str | None] = {
    ("ddr", "scratchpad"): None,
    ("scratchpad", "ddr"): "scratchpad_to_ddr",
    ("ddr", "ddr"): "ddr_to_ddr",
    ("scratchpad", "scratchpad"): "scratchpad_to_scratchpad",
}


@dataclass(frozen=True)
class DmaRows:
    """Transfers of a table, arrays [n]: memory codes, bytes, nanoseconds on one port, half."""

    source: Any
    destination: Any
    nbytes: Any
    ns: Any
    half: Any

    def select(self, mask: Any) -> DmaRows:
        """The rows where `mask` is true."""
        return DmaRows(
            self.source[mask], self.destination[mask], self.nbytes[mask], self.ns[mask], self.half[mask]
        )

    def towards(self, source: str, destination: str) -> DmaRows:
        """The rows of one direction."""
        return self.select((self.source == MEMORIES[source]) & (self.destination == MEMORIES[destination]))


def read_dma_rows(path: str | Path, generation: str) -> DmaRows:
    """A `dma_npu*.csv[.gz]` (net, one engine) or `dma_ground_truth.csv[.gz]` (rows of `generation`).

    Raises BadArgument when a column is missing.
    """
    rows = read_table(path)
    try:
        if rows and "gt_vpu_clk_cycles" in rows[0]:
            device = _DEVICES.get(generation, "")
            found = [
                (row["src"], row["dst"], row["bytes"], row["us_at_975MHz"])
                for row in rows
                if row["device"] == device
            ]
        else:
            found = [
                (*row["direction"].split("2"), row["bytes"], row["us_nn"])  # type: ignore[misc]
                for row in rows
                if row["engines"] == "1"
            ]
        found = [row for row in found if float(row[2]) <= _LONGEST]
        return DmaRows(
            np.array([MEMORIES[_WORDS[row[0]]] for row in found], dtype=int),
            np.array([MEMORIES[_WORDS[row[1]]] for row in found], dtype=int),
            np.array([float(row[2]) for row in found]),
            np.array([float(row[3]) * 1e3 for row in found]),
            np.array([half_of(row[2]) for row in found], dtype=int),
        )
    except (KeyError, ValueError) as error:
        raise BadArgument(f"{path}: column missing or no number: {error}") from None


def price_rows(rows: DmaRows, hw: Hardware) -> Any:
    """Predicted nanoseconds of every row on one port alone: [n], or [n, p] for numbers of shape [p]."""
    swept = any(isinstance(value, np.ndarray) for value in hw.numbers().values())
    column = (slice(None), None) if swept else slice(None)
    return dma_ns(rows.nbytes[column], hw, rows.source[column], rows.destination[column])


def fit_dma(hw: Hardware, rows: DmaRows, truth: DmaRows | None = None, origin: str = "the table") -> Hardware:
    """`hw` with the DMA's numbers fitted to half 0 of `rows` and of `truth`, one direction at a time."""
    for (source, destination), block in DIRECTIONS.items():
        tables = [rows.towards(source, destination)]
        if truth is not None and len(truth.towards(source, destination).ns):
            tables.append(truth.towards(source, destination))
        fitted = [table.select(table.half == 0) for table in tables]
        if block is None:
            names = ["dma.latency_ns", "dma.ramp_ns", "dma.bytes_per_cycle"]
        else:
            names = [f"dma.{block}.{part}_ratio" for part in ("latency", "ramp", "rate")]
        weights = [np.full(len(t.ns), TRUTH_WEIGHT if i else 1.0) for i, t in enumerate(fitted)]
        values = fit_numbers(
            hw,
            names,
            lambda moved, tables=fitted: np.concatenate([price_rows(t, moved) for t in tables]),  # type: ignore[misc]
            np.concatenate([table.ns for table in fitted]),
            np.concatenate(weights),
        )
        better = hw.replace(values)
        words = []
        for label, table in zip((origin, "ground truth"), tables, strict=False):
            errors = [percent_error(price_rows(t, better), t.ns) for t in _split(table)]
            words.append(
                f"{label}: {len(table.ns)} rows, {errors[0]:.1f} % fitted, {errors[1]:.1f} % held out"
            )
        hw = hw.replace(values, Source("fitted", "; ".join(words)))
    return hw


def _split(rows: DmaRows) -> tuple[DmaRows, DmaRows]:
    return rows.select(rows.half == 0), rows.select(rows.half == 1)
