"""Pieces of the networks of current_*.py, in the ops their exporters write."""

from tests.vendor.builder import Builder


def turned(g: Builder, x: str) -> str:
    """[1, H, L, D] as [1, H, D, L]."""
    return g.op("Transpose", x, perm=[0, 1, 3, 2])
