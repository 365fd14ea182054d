"""Fit the DMA's numbers: the way in (DDR -> scratchpad), then the other directions relative to it.

Rows of up to 1 MiB (the nets are unreliable beyond), split by direction and size. The overlap exponent is
given: 1.15 serves the measured transfers of NPU 3720 and 4000 best among 1, 1.05, 1.1, 1.15, 1.2 and 1.3.
Rows of the net with both ports busy then tell how much slower a port is beside the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from npusim.arch.dma import MEMORIES, dma_ns
from npusim.arch.fit import fit_numbers
from npusim.arch.hardware import Hardware
from npusim.arch.sources import Source
from npusim.errors import BadArgument
from npusim.reference.rows import bad_table, half_of, percent_error, read_table

#: How much more a measured transfer counts than a net's answer, by direction. There are ten times fewer of
#: them; where net and measurement agree least, the measurement counts most.
TRUTH_WEIGHTS = {
    ("ddr", "scratchpad"): 4.0,
    ("scratchpad", "ddr"): 8.0,
    ("ddr", "ddr"): 20.0,
    ("scratchpad", "scratchpad"): 20.0,
}
#: NPU 4000's net is 12 to 16 % off its measured transfers: there the measured ones decide.
TRUTH_WEIGHTS_4000 = {
    ("ddr", "scratchpad"): 50.0,
    ("scratchpad", "ddr"): 20.0,
    ("ddr", "ddr"): 50.0,
    ("scratchpad", "scratchpad"): 20.0,
}
LONGEST_BYTES = 1 << 20
_WORDS = {"DDR": "ddr", "DRAM": "ddr", "CMX": "scratchpad"}
_DEVICES = {"3720": "VPU_2_7", "4000": "VPU_4_0", "5010": "NPU_5_0"}
_ROBUST = 0.02  # the nets' wiggles are no noise around a law: fit the mean error, not its square
_BOUNDS = {"ramp_ns": (0.5, 2000.0), "page_ns": (0.5, 2000.0), "rate_ratio": (0.05, 1.2)}
#: Blocks of the hardware by (source, destination); None is the way in, which the others relate to.
DIRECTIONS: dict[tuple[str, str], str | None] = {
    ("ddr", "scratchpad"): None,
    ("scratchpad", "ddr"): "scratchpad_to_ddr",
    ("ddr", "ddr"): "ddr_to_ddr",
    ("scratchpad", "scratchpad"): "scratchpad_to_scratchpad",
}


@dataclass(frozen=True)
class DmaRows:
    """Transfers of a table, arrays [n]: memory codes, bytes, busy ports, nanoseconds, half."""

    source: Any
    destination: Any
    nbytes: Any
    ports: Any
    ns: Any
    half: Any

    def select(self, mask: Any) -> DmaRows:
        """The rows where `mask` is true."""
        return DmaRows(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})

    def towards(self, source: str, destination: str) -> DmaRows:
        """The rows of one direction."""
        return self.select((self.source == MEMORIES[source]) & (self.destination == MEMORIES[destination]))


def read_dma_rows(
    path: str | Path,
    generation: str,
    longest: float = LONGEST_BYTES,
    skipped: Counter[str] | None = None,
) -> DmaRows:
    """A `dma_npu*.csv[.gz]` (net) or `dma_ground_truth.csv[.gz]` (rows of `generation`).

    Rows of more than `longest` bytes are left out; so are rows between memories that are none and rows
    without a positive time, counted in `skipped`.
    Raises BadArgument when a column is missing.
    """
    rows = read_table(path)
    try:
        if rows and "gt_vpu_clk_cycles" in rows[0]:
            device = _DEVICES.get(generation, "")
            found = [
                (row["src"], row["dst"], row["bytes"], "1", row["us_at_975MHz"])
                for row in rows
                if row["device"] == device
            ]
        else:
            found = [
                (*row["direction"].partition("2")[::2], row["bytes"], row.get("engines") or "1", row["us_nn"])
                for row in rows
            ]
        known = [
            r for r in found if r[0] in _WORDS and r[1] in _WORDS and float(r[4]) > 0 and float(r[2]) > 0
        ]
        if skipped is not None and len(known) < len(found):
            words = f"{Path(path).name}: transfers between unknown memories or without a positive time"
            skipped[words] += len(found) - len(known)
        found = [row for row in known if float(row[2]) <= longest]
        return DmaRows(
            np.array([MEMORIES[_WORDS[row[0]]] for row in found], dtype=int),
            np.array([MEMORIES[_WORDS[row[1]]] for row in found], dtype=int),
            np.array([float(row[2]) for row in found]),
            np.array([float(row[3]) for row in found]),
            np.array([float(row[4]) * 1e3 for row in found]),
            np.array([half_of(_workload(row)) for row in found], dtype=int),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise bad_table(path, error) from None


def _workload(row: tuple[str, ...]) -> str:
    """What makes two rows the same transfer, whichever table they stand in."""
    source, destination = (word.replace("DRAM", "DDR") for word in row[:2])
    return f"{source}>{destination} {int(float(row[2]))}"


def price_rows(rows: DmaRows, hw: Hardware) -> Any:
    """Predicted nanoseconds of every row: [n], or [n, p] for numbers of shape [p]."""
    swept = any(isinstance(value, np.ndarray) for value in hw.numbers().values())
    column = (slice(None), None) if swept else slice(None)
    return dma_ns(
        rows.nbytes[column],
        hw,
        rows.source[column],
        rows.destination[column],
        busy_ports=rows.ports[column],
    )


def fit_dma(hw: Hardware, rows: DmaRows, truth: DmaRows | None = None, origin: str = "the table") -> Hardware:
    """`hw` with the DMA's numbers fitted to half 0 of `rows` and of measured transfers `truth`."""
    tables = [rows.select(rows.ports == 1)] + ([truth] if truth is not None and len(truth.ns) else [])
    found = [d for d in DIRECTIONS if len(tables[0].towards(*d).ns)]
    if DIRECTIONS.get(found[0] if found else ("", ""), "none") is not None:
        raise BadArgument(f"{origin} holds no transfers from DDR to scratchpad on one port; nothing to fit")
    truth_weights = TRUTH_WEIGHTS_4000 if hw.generation == "4000" else TRUTH_WEIGHTS
    values: dict[str, float] = {}
    costs = ("ramp_ns", "page_ns")
    for direction in found:
        fitted = [table.towards(*direction).select(table.towards(*direction).half == 0) for table in tables]
        names = _names(direction)
        weights = [np.full(len(t.ns), truth_weights[direction] if i else 1.0) for i, t in enumerate(fitted)]
        begin = {name: 50.0 for name in names if name.endswith(costs)}
        fit = fit_numbers(
            hw.replace(values | begin),
            names,
            lambda moved, fitted=fitted: np.concatenate([price_rows(t, moved) for t in fitted]),  # type: ignore[misc]
            np.concatenate([table.ns for table in fitted]),
            np.concatenate(weights),
            {n: _BOUNDS[part] for n in names if (part := n.rsplit(".", 1)[-1]) in _BOUNDS},
            robust=_ROBUST,
        )
        values |= {n: 0.0 if n.endswith(costs) and v < 1.0 else v for n, v in fit.items()}  # under a ns: none
    hw = hw.replace(values)
    both = rows.select((rows.ports > 1) & (rows.half == 0))
    if len(both.ns):
        ratios = [f"dma.{block}both_ports_rate_ratio" for block in map(_prefix, found)]
        limits = {name: (0.1, 1.0) for name in ratios}
        fit = fit_numbers(hw, ratios, lambda moved: price_rows(both, moved), both.ns, 1.0, limits)
        values |= fit
    return _with_sources(hw.replace(values), values, found, [rows, *tables[1:]], origin)


def _prefix(direction: tuple[str, str]) -> str:
    block = DIRECTIONS[direction]
    return f"{block}." if block else ""


def _names(direction: tuple[str, str]) -> list[str]:
    block = DIRECTIONS[direction]
    parts = ("latency_ratio", "rate_ratio") if block else ("latency_ns", "bytes_per_cycle")
    return [f"dma.{_prefix(direction)}{part}" for part in (*parts, "ramp_ns", "page_ns")]


def _with_sources(
    hw: Hardware, values: dict[str, float], found: list[tuple[str, str]], tables: list[DmaRows], origin: str
) -> Hardware:
    """The fitted numbers, each with rows and errors of its direction in words."""
    words = {d: _words(hw, [table.towards(*d) for table in tables], origin) for d in found}
    for direction in found:
        block = f"dma.{_prefix(direction)}"
        own = {n: v for n, v in values.items() if n.startswith(block) and n.count(".") == block.count(".")}
        hw = hw.replace(own, Source("fitted", words[direction]))
    return hw


def _words(hw: Hardware, tables: list[DmaRows], origin: str) -> str:
    parts = []
    for label, table in zip((origin, "ground truth"), tables, strict=False):
        for ports, where in ((1, ""), (2, ", both ports")):
            rows = table.select(table.ports == ports)
            halves = [rows.select(rows.half == half) for half in (0, 1)]
            if all(len(half.ns) for half in halves):
                first, second = (percent_error(price_rows(half, hw), half.ns) for half in halves)
                parts.append(
                    f"{label}{where}: {len(halves[0].ns)} rows fitted to {first:.1f} %, "
                    f"{len(halves[1].ns)} held out at {second:.1f} %"
                )
    return "; ".join(parts)
