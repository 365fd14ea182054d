"""Reference tables (CSV, plain or gzipped) as columns of work and what they took.

A row's *shape* decides which half it belongs to, so near-duplicates never stand on both sides of a split.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from npusim.errors import BadArgument
from npusim.work import MacOp, MacWork

_OPS = {
    "CONVOLUTION": MacOp.CONVOLUTION,
    "CM_CONVOLUTION": MacOp.CONVOLUTION,  # a convolution of fewer than 16 input channels
    "DW_CONVOLUTION": MacOp.DEPTHWISE,
    "MAXPOOL": MacOp.MAX_POOL,
    "AVEPOOL": MacOp.AVERAGE_POOL,
    "ELTWISE": MacOp.ELTWISE,
    "ELTWISE_MUL": MacOp.ELTWISE,
}
_BYTES = {"UINT8": 1.0, "INT8": 1.0, "HF8": 1.0, "BF8": 1.0, "INT4": 0.5, "FLOAT16": 2.0, "BFLOAT16": 2.0}


_SIZES = ("in_w", "in_h", "in_c", "out_w", "out_h", "out_c", "kw", "kh", "sw", "sh")


@dataclass(frozen=True)
class MacRows:
    """MAC-array workloads of a table: all fields are arrays [n]."""

    work: MacWork
    mode: Any  # grid mode of each row, "16x16", ...
    cycles: Any
    op_name: Any  # the table's own word
    test: Any  # name of the regression test (ground truth), else the tag
    half: Any  # 0 or 1
    tiles: Any  # how many share a whole layer; 1 in the other tables

    def select(self, mask: Any) -> MacRows:
        """The rows where `mask` is true."""
        work = MacWork(**{f.name: getattr(self.work, f.name)[mask] for f in fields(MacWork)})
        rest = {f.name: getattr(self, f.name)[mask] for f in fields(self) if f.name != "work"}
        return MacRows(work=work, **rest)


def read_table(path: str | Path) -> list[dict[str, str]]:
    """Rows of a CSV file, gzipped when its name ends in `.gz`; lines that begin with # are comments.

    Raises BadArgument when unreadable.
    """
    opened: Any = gzip.open if str(path).endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(line for line in file if not line.startswith("#")))
    except (OSError, UnicodeDecodeError, EOFError, zlib.error, csv.Error) as error:
        raise BadArgument(f"{path}: no readable reference table ({error})") from None


def bad_table(path: str | Path, error: Exception) -> BadArgument:
    """The sentence for a table that lacks a column (KeyError) or has a word where a number belongs."""
    if isinstance(error, KeyError):
        return BadArgument(f"{path}: there is no column {error}; a reference table of this name needs it")
    return BadArgument(f"{path}: {error}")


def half_of(key: str) -> int:
    """0 or 1, the same on every machine."""
    return zlib.crc32(key.encode()) >> 7 & 1


def read_mac_rows(path: str | Path, skipped: Counter[str] | None = None) -> MacRows:
    """A `mac_array_*.csv[.gz]` of any of the three kinds (net, profiled table, ground truth).

    Rows of ops or types the simulator does not know, or without a positive time, are left out and counted in
    `skipped`. Raises BadArgument on a missing column.
    """
    return mac_rows(read_table(path), path, skipped)


def mac_rows(table: list[dict[str, str]], path: str | Path, skipped: Counter[str] | None = None) -> MacRows:
    """The same of rows already read from `path`."""
    try:
        rows = [row for row in table if _known(row, Path(path).name, skipped)]
        if not rows:
            raise BadArgument(f"{path}: holds no MAC-array rows (columns op, in_dtype, out_w, ... expected)")
        return _mac_rows(rows)
    except (KeyError, ValueError, TypeError) as error:
        raise bad_table(path, error) from None


def _known(row: dict[str, str], name: str, skipped: Counter[str] | None) -> bool:
    """Can the simulator price this row? If not, `skipped` counts why."""
    why = ""
    if row["op"] not in _OPS:
        why = f"op {row['op']}"
    elif row["in_dtype"] not in _BYTES:
        why = f"type {row['in_dtype']}"
    elif not float(row[_time_column(row)]) > 0:
        why = "rows without a positive time"
    elif not all(float(row[size]) >= 1 for size in _SIZES):
        why = "rows with a size below 1"
    if why and skipped is not None:
        skipped[f"{name}: {why}"] += 1
    return not why


def _time_column(row: dict[str, str]) -> str:
    return next((name for name in ("gt_cycles", "cycles_lut") if name in row), "cycles")


def _mac_rows(rows: list[dict[str, str]]) -> MacRows:
    first = rows[0]
    truth = "gt_cycles" in first
    top, left = ("pad_t", "pad_l") if truth else ("pt", "pl")

    def col(name: str, default: str | None = None) -> Any:
        return np.array(
            [float((row[name] if default is None else row.get(name, default)) or 0) for row in rows]
        )

    def width(name: str) -> Any:  # an unknown type counts as 16 bits
        return np.array([_BYTES.get(row.get(name) or row["in_dtype"], 2.0) for row in rows])

    inside = _taps_inside(col("in_w"), col("out_w"), col("kw"), col("sw"), col(left, "0"))
    inside = inside * _taps_inside(col("in_h"), col("out_h"), col("kh"), col("sh"), col(top, "0"))
    work = MacWork(
        op=np.array([int(_OPS[row["op"]]) for row in rows]),
        out_h=col("out_h"),
        out_w=col("out_w"),
        out_c=col("out_c"),
        in_c=col("in_c"),
        in_h=col("in_h"),
        in_w=col("in_w"),
        kernel_h=col("kh"),
        kernel_w=col("kw"),
        stride_h=col("sh"),
        stride_w=col("sw"),
        taps_inside=inside,
        groups=np.ones(len(rows)),
        input_bytes=width("in_dtype"),
        weight_bytes=width("wt_dtype"),
        output_bytes=width("out_dtype"),
        write_tiles=np.maximum(col("owt", "1"), 1.0),
        weight_zeros=col("wt_sparsity", "0") * (col("wt_sparsity_en", "0") > 0),
        input_zeros=col("act_sparsity", "0"),
    )
    whole = {f.name: np.broadcast_to(getattr(work, f.name), len(rows)) for f in fields(MacWork)}
    mode_name = "exec_mode" if truth else "mode"
    shape = ("op", *_SIZES, "in_dtype")
    keys = [row["test"] if truth else ",".join(row[name] for name in shape) for row in rows]
    return MacRows(
        work=MacWork(**whole),
        mode=np.array([(row.get(mode_name) or "").removeprefix("CUBOID_") for row in rows]),
        cycles=col(_time_column(first)),
        op_name=np.array([row["op"] for row in rows]),
        test=np.array([row.get("test") or row.get("tag") or "" for row in rows]),
        half=np.array([half_of(key) for key in keys]),
        tiles=col("n_tiles", "1").astype(int),
    )


def _taps_inside(extent: Any, outputs: Any, kernel: Any, stride: Any, before: Any) -> Any:
    """Fraction of window taps inside an axis of `extent`, padded by `before` at its start; arrays [n]."""
    cache: dict[Sequence[float], float] = {}
    result = np.ones(len(extent))
    for row, key in enumerate(zip(extent, outputs, kernel, stride, before, strict=True)):
        if key not in cache:
            size, n, taps, step, pad = key
            start = np.arange(n) * step - pad
            inside = np.minimum(start + taps, size) - np.maximum(start, 0)
            cache[key] = float(np.clip(inside, 0, taps).mean() / taps) if n and taps else 1.0
        result[row] = cache[key]
    return result


def percent_error(predicted: Any, truth: Any) -> float:
    """Mean absolute percentage error, percent."""
    return float(np.mean(np.abs(np.asarray(predicted) / truth - 1)) * 100)
