"""Fit the MAC array's constants: convolutions, stencils and eltwise each on their own rows.

Half of the rows (split by shape, ground truth by regression test) is fitted, the other half judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from npusim.arch.fit import fit_numbers
from npusim.arch.hardware import BY_CALLER, Hardware
from npusim.arch.mac_array import mac_array_cycles
from npusim.arch.sources import Source
from npusim.reference.rows import MacRows, percent_error
from npusim.work import MacOp, MacWork

#: How much more a row of ground truth counts in the fit than a net's answer.
TRUTH_WEIGHT = 3.0

#: Numbers that are not fitted: they are structure, or rows tell nothing of them.
_GIVEN = (
    "block_channels",
    "input_align_bytes",
    "kernel3_channels",
    "column_rounding",
    "rows_beyond",
    "grid_columns",
)
BLOCKS: Mapping[str, tuple[int, ...]] = {
    "convolution": (MacOp.CONVOLUTION,),
    "stencil": (MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.AVERAGE_POOL),
    "eltwise": (MacOp.ELTWISE,),
}
_BOUNDS = {
    "overlap_exponent": (1.0, 8.0),
    "padding_exponent": (1e-3, 1.0),
    "sparsity_saving": (1e-3, 1.0),
    "weight_sparsity_saving": (1e-3, 1.0),
    "width_rounding": (1e-3, 1.0),
    "kernel3_speedup": (1.0, 4.0),
    "narrow_input_rate_ratio": (0.05, 1.0),
    "stride_factor": (0.3, 1.5),
}


def price_rows(rows: MacRows, hw: Hardware) -> Any:
    """Predicted cycles of every row in its own grid mode (that of fewest blocks where the table has none).

    [n], or [n, p] for numbers of shape [p].
    """
    swept = any(isinstance(value, np.ndarray) for value in hw.numbers().values())
    result: Any = None
    for mode in np.unique(rows.mode):
        mask = rows.mode == mode
        part = rows.select(mask)
        column = (slice(None), None) if swept else slice(None)
        work = MacWork(**{f.name: getattr(part.work, f.name)[column] for f in fields(MacWork)})
        cycles = np.asarray(mac_array_cycles(work, hw, str(mode) or None))
        if result is None:
            result = np.zeros((len(mask), *cycles.shape[1:]))
        result[mask] = cycles
    return result


def of_block(rows: MacRows, block: str) -> MacRows:
    """The rows a block (convolution, stencil, eltwise) prices."""
    return rows.select(np.isin(rows.work.op, BLOCKS[block]))


def names_of(hw: Hardware, block: str) -> list[str]:
    """Dotted names of the numbers of a block that are fitted: not structure, nor what a file calls assumed."""
    prefix = f"mac_array.{block}."
    return [
        name
        for name in hw.numbers()
        if name.startswith(prefix)
        and name.removeprefix(prefix) not in _GIVEN
        and (hw.sources[name].kind != "assumed" or hw.sources[name] == BY_CALLER)
    ]


def fit_block(
    hw: Hardware,
    block: str,
    rows: MacRows,
    truth: MacRows | None = None,
    names: Sequence[str] | None = None,
    origin: str = "the reference table",
) -> Hardware:
    """`hw` with the constants of one block fitted on half 0 of `rows` and of ground truth `truth`.

    Without rows of the block, `hw` as it is.
    Source of each number is `fitted`, with rows and error of both halves in words.
    """
    tables = [of_block(rows, block)] + ([of_block(truth, block)] if truth is not None else [])
    tables = [table for table in tables if len(table.cycles)]
    fitted = [table.select(table.half == 0) for table in tables]
    if not sum(len(table.cycles) for table in fitted):
        return hw
    chosen = list(names) if names is not None else _told(hw, names_of(hw, block), fitted)
    weights = np.concatenate(
        [np.full(len(table.cycles), TRUTH_WEIGHT if i else 1.0) for i, table in enumerate(fitted)]
    )
    values = fit_numbers(
        hw,
        chosen,
        lambda moved: np.concatenate([price_rows(table, moved) for table in fitted]),
        np.concatenate([table.cycles for table in fitted]),
        weights,
        {name: limits for name in chosen if (limits := _BOUNDS.get(name.rsplit(".", 1)[-1]))},
    )
    better = hw.replace(values)
    words = []
    for label, table in zip((origin, "ground truth"), tables, strict=False):
        errors = halves(table, better)
        parts = [
            f"{count} {word} {error:.1f} %"
            for (count, error), word in zip(errors, ("rows fitted to", "held out at"), strict=True)
            if count
        ]
        words.append(f"{label}: {', '.join(parts)}")
    return hw.replace(values, Source("fitted", "; ".join(words)))


def _told(hw: Hardware, names: Sequence[str], tables: Sequence[MacRows]) -> list[str]:
    """The names that move any price of the rows: the others (sparsity without sparse rows) stay as they are."""
    base = np.concatenate([price_rows(table, hw) for table in tables])
    told = []
    for name in names:
        value = float(hw.get(name))
        _, high = _BOUNDS.get(name.rsplit(".", 1)[-1], (0.0, np.inf))
        moved = hw.replace({name: value * 1.05 if value * 1.05 <= high else value * 0.95})
        if value > 0 and not np.allclose(
            base, np.concatenate([price_rows(t, moved) for t in tables]), rtol=1e-6
        ):
            told.append(name)
    return told


def halves(rows: MacRows, hw: Hardware) -> tuple[tuple[int, float], tuple[int, float]]:
    """Number of rows and mean absolute percentage error of half 0 (fitted) and half 1 (held out)."""
    result = []
    for half in (0, 1):
        part = rows.select(rows.half == half)
        count = len(part.cycles)
        error = percent_error(price_rows(part, hw), part.cycles) if count else float("nan")
        result.append((count, error))
    return result[0], result[1]
