"""What a block of a product costs by counts: multiply-accumulates on a grid of pixels and channels beside bytes, never
a rate."""

from __future__ import annotations

from typing import Any

import numpy as np

MACS_A_BYTE = 24  # of one tile beside one byte through DDR: between 14 (NPU 4000) and 28 (NPU 5010)
HALF_GRID = 16  # pixels at once, or channels, at which the array does half of what it can; at 64 it is full
PIECE_BYTES = 65_536  # what starting one more piece is worth
SHORT_PIECE_BYTES = 393_216  # cross in the 4.5 to 6.4 us that a piece takes however little it computes
STREAMED_PIECE_BYTES = 524_288  # ... where nothing but weights crosses
MACS_A_SUM = 240  # multiply-accumulates in the time the array adds two elements
GRID_ROWS = (8, 16)  # sides of a block of pixels in the array's grid modes


def up(value: Any, step: Any) -> Any:
    """The least multiple of `step` that holds `value`."""
    return np.ceil(value / step) * step


def on_grid(rows: Any, width: float, channels: Any) -> Any:
    """Pixels times channels that the grid goes through for a block, in the better of two block sizes: a last block that
    is not full counts like the others, and few pixels or channels at once keep the array waiting for operands."""
    best: Any = None
    for side in GRID_ROWS:
        across = up(width, side) if width > side / 2 else up(width, 4)
        pixels = np.minimum(rows, side) * min(width, side)
        waits = 1 + (HALF_GRID / np.maximum(pixels, 1)) ** 2 + (HALF_GRID / np.maximum(channels, 1)) ** 2
        through = up(rows, side if side > GRID_ROWS[0] else 4) * across * waits
        best = through if best is None else np.minimum(best, through)
    return best * channels
