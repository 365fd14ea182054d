"""Pieces of the networks of latest_*.py, in the ops their exporters write."""

import numpy as np

from tests.vendor.builder import Builder


def normed(g: Builder, x: str, c: int) -> str:
    """BatchNormalization that stands alone."""
    spread = g.const(np.linspace(0.5, 1.5, c))
    return g.op("BatchNormalization", x, g.weight(c), g.weight(c), g.weight(c), spread)


def many_heads(g: Builder, x: str, n: int, length: int, count: int, width: int) -> str:
    """[N, L, H*D] as [N, H, L, D]."""
    return g.op("Transpose", g.op("Reshape", x, g.const([n, length, count, width])), perm=[0, 2, 1, 3])


def rejoined(g: Builder, y: str, n: int, length: int, size: int) -> str:
    """[N, H, L, D] as [N, L, H*D]."""
    return g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([n, length, size]))
