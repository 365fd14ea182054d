"""Pieces of the networks of recent_*.py, in the ops their exporters write."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import product
from tests.vendor.nets.layers import attend, heads, joined


def attn(
    g: Builder,
    x: str,
    n: int,
    d: int,
    h: int,
    mask: str | None = None,
    ctx: str | None = None,
    m: int | None = None,
) -> str:
    """Attention by three products and one behind; with `ctx`, to its M rows."""
    w = d // h
    c, m = (ctx, m) if ctx else (x, n)
    q = heads(g, product(g, x, d, d), n, h, w)
    k, v = (heads(g, product(g, c, d, d), m, h, w) for _ in range(2))
    return product(g, joined(g, attend(g, q, k, v, w, mask), n, d), d, d)
