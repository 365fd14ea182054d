"""Fit one block of an NPU to a reference folder, and say how good it was and is on both halves of the rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npusim.arch.dsp import has_kernel
from npusim.arch.hardware import Hardware
from npusim.choices import Block, choose
from npusim.errors import BadArgument
from npusim.reference import dma_fit as dma
from npusim.reference import dsp_fit as dsp
from npusim.reference import mac_array_fit as mac_array
from npusim.reference.rows import percent_error, read_mac_rows


class HalfErrors(NamedTuple):
    """Mean absolute percentage errors of one group of rows before and after the fit."""

    group: str
    half: str  # 'fitted' or 'held out'
    rows: int
    before: float
    after: float


class Calibration(NamedTuple):
    """The hardware before and after, what changed, and the errors."""

    before: Hardware
    after: Hardware
    changed: dict[str, Any]
    errors: tuple[HalfErrors, ...]


#: Rows of one group: name, predictions on a hardware, truth [n], half [n].
Group = tuple[str, Callable[[Hardware], Any], Any, Any]


def calibrate(block: str, folder: str | Path, hw: Hardware) -> Calibration:
    """`hw` with one block fitted to the half 0 of the tables of its generation in `folder`.

    Args:
        block: 'mac-array', 'dma' or 'dsp'.

    Raises:
        BadArgument: unknown block, no folder, no table for this NPU, or a table that cannot be read.
    """
    block = choose(Block, block)
    path = Path(folder)
    if not path.is_dir():
        raise BadArgument(f"--reference '{folder}' is no folder")
    after, groups = {Block.MAC_ARRAY: _mac_array, Block.DMA: _dma, Block.DSP: _dsp}[block](path, hw)
    old = hw.numbers()
    changed = {name: value for name, value in after.numbers().items() if value != old[name]}
    errors = []
    for name, predict, truth, half in groups:
        for number, word in ((0, "fitted"), (1, "held out")):
            mask = half == number
            if mask.any():
                was, now = (percent_error(predict(h)[mask], truth[mask]) for h in (hw, after))
                errors.append(HalfErrors(name, word, int(mask.sum()), was, now))
    return Calibration(hw, after, changed, tuple(errors))


def _table(folder: Path, name: str) -> Path | None:
    return next((p for end in (".csv.gz", ".csv") if (p := folder / f"{name}{end}").is_file()), None)


def _needed(folder: Path, *names: str) -> Path:
    found = next((path for name in names if (path := _table(folder, name))), None)
    if found is None:
        raise BadArgument(f"'{folder}' has no {' or '.join(f'{name}.csv.gz' for name in names)}")
    return found


def _mac_array(folder: Path, hw: Hardware) -> tuple[Hardware, list[Group]]:
    stem = f"mac_array_npu{hw.generation}"
    main = _needed(folder, f"{stem}_lut", stem)  # the profiled table, where there is one, before the net
    truth_path = _table(folder, f"{stem}_ground_truth")
    rows = read_mac_rows(main)
    truth = read_mac_rows(truth_path) if truth_path else None
    after, groups = hw, []
    for block in mac_array.BLOCKS:
        after = mac_array.fit_block(after, block, rows, truth, origin=main.name)
        for name, table in ((main.name, rows), (truth_path.name if truth_path else "", truth)):
            part = mac_array.of_block(table, block) if table is not None else None
            if part is not None and len(part.cycles):
                groups.append(
                    (f"{block}, {name}", _pricer(mac_array.price_rows, part), part.cycles, part.half)
                )
    return after, groups


def _dma(folder: Path, hw: Hardware) -> tuple[Hardware, list[Group]]:
    path, truth_path = _needed(folder, f"dma_npu{hw.generation}"), _table(folder, "dma_ground_truth")
    rows = dma.read_dma_rows(path, hw.generation)
    truth = dma.read_dma_rows(truth_path, hw.generation) if truth_path else None
    after, groups = dma.fit_dma(hw, rows, truth, path.name), []
    for direction in dma.DIRECTIONS:
        for name, table in ((path.name, rows), (truth_path.name if truth_path else "", truth)):
            if table is None:
                continue
            part = table.towards(*direction).select(table.towards(*direction).ports == 1)
            if len(part.ns):
                label = f"{' to '.join(direction)}, {name}"
                groups.append((label, _pricer(dma.price_rows, part), part.ns, part.half))
    return after, groups


def _dsp(folder: Path, hw: Hardware) -> tuple[Hardware, list[Group]]:
    path = _needed(folder, f"dsp_npu{hw.generation}")
    rows = dsp.read_all_dsp_rows(path)
    after = dsp.fit_dsp(hw, rows, path.name)
    known = np.array([has_kernel(hw, name) for name in rows.kernel])
    large = (rows.provider == dsp.PROFILED) & rows.straight & (rows.elements >= dsp.LEAST_ELEMENTS)
    part = rows.select(known & large)
    return after, [(f"one input, large, {path.name}", _pricer(dsp.price_rows, part), part.ns, part.half)]


def _pricer(price: Callable[[Any, Hardware], Any], rows: Any) -> Callable[[Hardware], Any]:
    return lambda hw: np.asarray(price(rows, hw))
