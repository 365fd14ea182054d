"""Whole layers on 1..n tiles: the cheapest way to share one against the cheapest of Intel's layer model."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.arch.mac_array import mac_array_cycles
from npusim.band import PLAN_SPREAD
from npusim.compiler.cutting.split import mac_shares
from npusim.reference import bars
from npusim.reference.errors import GroupErrors, compare
from npusim.reference.folder import Folder
from npusim.reference.mac_array_errors import reaches, roofline_cycles
from npusim.reference.rows import MacRows, bad_table, mac_rows, read_table
from npusim.work import MacWork

_FIELDS = tuple(f.name for f in fields(MacWork))


def layers(folder: Folder, hw: Hardware, skipped: Counter[str]) -> list[GroupErrors]:
    """One comparison over all rows with `best` = 1, and one a number of tiles. Nothing is fitted to them."""
    path = folder.find(f"layer_npu{hw.generation}")
    if path is None:
        return []
    table = read_table(path)
    if table and "best" not in table[0]:
        raise bad_table(path, KeyError("best"))
    best = [row for row in table if row["best"] == "1"]
    if not best:
        skipped[f"{path.name}: rows that are not the best strategy"] += len(table)
        return []
    rows = mac_rows(best, path, skipped)
    kept = rows.tiles
    predicted = best_cycles(rows, hw)
    roofline = roofline_cycles(rows.work, hw, kept)
    reach = np.hypot(reaches(rows.work.op, hw), np.log(PLAN_SPREAD))  # how it is shared is the plan's
    groups: list[tuple[str, Any, float | None]] = [("all", np.ones(len(kept), dtype=bool), bars.LAYERS)]
    groups += [(f"  on {n} tile{'s' * (n > 1)}", kept == n, None) for n in np.unique(kept).tolist()]
    groups += [("  wider than one pixel", rows.work.out_w > 1, None)]
    return [
        compare(
            predicted[mask],
            roofline[mask],
            rows.cycles[mask],
            reach=reach[:, mask],
            what=what,
            engine="Layers",
            against="layer model",
            generation=hw.generation,
            hardware=hw.name,
            table=path.name,
            unit="cycles",
            bar=bar,
        )
        for what, mask, bar in groups
        if mask.any()
    ]


def best_cycles(rows: MacRows, hw: Hardware) -> np.ndarray:
    """Cycles of each layer, shared over its tiles in the cheapest way the compiler model knows: [n]."""
    works: list[MacWork] = []
    starts: list[int] = []
    for index, tiles in enumerate(rows.tiles):
        one = MacWork(**{name: getattr(rows.work, name)[index].item() for name in _FIELDS})
        starts.append(len(works))
        works += [share for share, _ in mac_shares(_whole(one), int(tiles))[0]]
    column = MacWork(**{name: np.array([getattr(work, name) for work in works]) for name in _FIELDS})
    return np.minimum.reduceat(np.asarray(mac_array_cycles(column, hw)), starts)


def _whole(work: MacWork) -> MacWork:
    """Sizes as whole numbers, which sharing counts with."""
    values = {name: getattr(work, name) for name in _FIELDS}
    return MacWork(**{n: int(v) if float(v).is_integer() else v for n, v in values.items()})
