"""The ways to cut a product that are thought of, before it is known how many rows of each fit."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from npusim.compiler.cutting.counts import up
from npusim.compiler.cutting.fitted import Operands
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS
from npusim.work import MacWork

TERM_STEP = 64  # terms are cut in blocks of at least so many channels
MOST_CHANNELS, MOST_TERMS = 4096, 16  # numbers of blocks to try
FINER = (1, 2, 4)  # times as many blocks of rows as must be
LADDER_STEPS = (1, 2, 3, 5, 7)  # ... or so many numbers further, where ways are compared by their time


@dataclass(frozen=True, slots=True)
class Asked:
    """Ways to cut, an element each: numbers of blocks of `channels` and of summed `terms`, how many channels and terms
    a block has (`block_c`, `block_k`) and which share of all these are, whether the tiles share a block by its channels
    or by its rows, whether weights stand still and blocks of rows pass them, whether a block waits for its transfers,
    and how much `finer` than must be the rows are cut."""

    channels: np.ndarray
    terms: np.ndarray
    by_channels: np.ndarray
    weights_stay: np.ndarray
    waits: np.ndarray
    finer: np.ndarray
    block_c: np.ndarray
    block_k: np.ndarray
    share_c: np.ndarray
    share_k: np.ndarray

    def on_each(self, tiles: int) -> np.ndarray:
        """Over how many tiles the channels of a block are shared."""
        return np.where(self.by_channels, tiles, 1.0)


def asked(work: MacWork, o: Operands, by_time: str) -> Asked:
    """All numbers of blocks of channels and terms, both ways over the tiles, both loop orders, one piece or two at
    once, and rows in as few blocks as fit or in more."""
    least = ceil(work.in_c / MAX_CHANNELS)  # halves of more terms than one piece takes (Intel's schedules)
    more = [] if o.out_stays or o.left_stays else _counts(work.in_c, TERM_STEP, MOST_TERMS)
    axes = np.meshgrid(
        np.array(_counts(work.out_c, CHANNEL_BLOCK, MOST_CHANNELS), dtype=float),
        np.array([n for n in more if n >= least] or [least], dtype=float),
        *([False, True],) * 3,
        np.array(LADDER_STEPS if by_time else FINER, dtype=float),
        indexing="ij",
    )
    channels, terms, by_channels, weights_stay, waits, finer = (a.reshape(-1) for a in axes)
    block_c = np.where(channels > 1, up(np.ceil(work.out_c / channels), CHANNEL_BLOCK), work.out_c)
    block_k = np.where(terms > 1, up(np.ceil(work.in_c / terms), CHANNEL_BLOCK), work.in_c)
    return Asked(
        channels, terms, by_channels, weights_stay, waits, finer, block_c, block_k,
        share_c=block_c / work.out_c, share_k=np.minimum(1.0, block_k / work.in_c),
    )  # fmt: skip


def _counts(extent: float, step: int, most: int) -> list[int]:
    """Numbers of blocks worth trying: one for each block size in whole steps."""
    steps = ceil(extent / step)
    sizes = {ceil(steps / n) for n in range(1, min(steps, most) + 1)}
    return sorted({ceil(steps / size) for size in sizes})
