"""Scans unrolled by the token, begun with their first term or with a state: drawn for the rule that turns factors."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, product
from tests.vendor.nets.layers import linear


def unrolled(g: Builder, tokens: int, d: int, n: int, begun: bool, every: bool = True) -> str:
    """A selective scan of `d` channels of `n` states; `begun`: from a state of the caller's, else its first term is
    the first state. `every`: each state is read by a product, not only the last."""
    x = g.input(1, tokens, d)
    h = g.op("Transpose", linear(g, x, d, d, False), perm=[0, 2, 1])
    b, c = g.op("Split", linear(g, x, d, 2 * n, False), g.const([n, n]), count=2, axis=2)
    dt = g.op("Transpose", g.op("Softplus", product(g, x, d, d)), perm=[0, 2, 1])
    dt = g.op("Unsqueeze", dt, g.const([3]))
    rates = g.const(-np.tile(np.arange(1.0, n + 1), (d, 1))[None, :, None])
    decay = g.op("Exp", g.op("Mul", dt, rates))
    terms = g.op("Mul", dt, g.op("Unsqueeze", b, g.const([1])))
    terms = g.op("Mul", terms, g.op("Unsqueeze", h, g.const([3])))
    state, ys = g.input(1, d, n) if begun else "", []
    for t in range(tokens):
        k = g.const(np.array(t))
        new = g.op("Gather", terms, k, axis=2)
        state = g.op("Add", g.op("Mul", g.op("Gather", decay, k, axis=2), state), new) if state else new
        if every or t == tokens - 1:
            row = g.op("Unsqueeze", g.op("Gather", c, k, axis=1), g.const([2]))
            ys.append(g.op("MatMul", state, row))
    return concat(g, *ys, axis=2) if len(ys) > 1 else ys[0]


LATE_STATES = {
    "scan_begun_8_w512": ("SSM", lambda g: unrolled(g, 8, 512, 16, True)),
    "scan_last_8_w512": ("SSM", lambda g: unrolled(g, 8, 512, 16, False, False)),
    "scan_terms_8_w1536": ("SSM", lambda g: unrolled(g, 8, 1536, 16, False)),
}  # fmt: skip
