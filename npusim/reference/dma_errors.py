"""The DMA's rows, per direction: transfers of up to 1 MiB against nets and ground truth."""

from __future__ import annotations

from collections import Counter

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.arch.spread import spreads
from npusim.reference import bars
from npusim.reference.dma_fit import DIRECTIONS, LONGEST_BYTES, DmaRows, price_rows, read_dma_rows
from npusim.reference.errors import GroupErrors, compare
from npusim.reference.folder import Folder


def dma(folder: Folder, hw: Hardware, skipped: Counter[str]) -> list[GroupErrors]:
    """Comparisons of the net's and the measured transfers of one NPU's generation."""
    found: list[GroupErrors] = []
    gen = hw.generation
    (reach,) = [np.array([[s.down], [s.up]]) for s in spreads(hw) if s.name == "dma"]
    for name, against in ((f"dma_npu{gen}", "net"), ("dma_ground_truth", "ground truth")):
        path = folder.find(name)
        if path is None:
            continue
        rows = read_dma_rows(path, gen, longest=np.inf, skipped=skipped)
        fitted = folder.fitted(path)
        too_long = int((rows.nbytes > LONGEST_BYTES).sum())
        if too_long:
            skipped[f"{path.name}: transfers beyond 1 MiB, where the nets are unreliable"] += too_long
        rows = rows.select(rows.nbytes <= LONGEST_BYTES)
        for source, destination in DIRECTIONS:
            for ports in (1, 2):
                part = rows.towards(source, destination)
                part = part.select(part.ports == ports)
                if not len(part.ns):
                    continue
                bar = None
                if ports == 1:
                    truth = against == "ground truth"
                    bar = bars.DMA_GROUND_TRUTH if truth else bars.dma_net(gen)
                found.append(
                    compare(
                        price_rows(part, hw),
                        _roofline_ns(part, hw),
                        part.ns,
                        part.half if fitted else np.ones_like(part.half),
                        reach=reach,
                        engine="DMA",
                        what=f"{source} to {destination}" + (", both ports" if ports > 1 else ""),
                        against=against,
                        generation=gen,
                        hardware=hw.name,
                        table=path.name,
                        unit="ns",
                        bar=bar,
                    )
                )
    return found


def _roofline_ns(rows: DmaRows, hw: Hardware) -> np.ndarray:
    """Bytes over what one port moves at best."""
    best = min(hw.dma.bytes_per_cycle * hw.dsp.clock_mhz * 1e-3, hw.ddr.bandwidth_gb_per_s)
    return np.asarray(rows.nbytes / best)
