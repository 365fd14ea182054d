"""When a product is taken apart for those who read its channels: as in Intel's schedules of NPU 4000 and 5010."""

import pytest

from npusim.compiler.fuse.cut_products import cut_products
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import cut, linear, rmsnorm, silu


def products(few: int, one_row: bool) -> int:
    """Of a gated layer over 32 rows: 128 channels of gate and 128 + `few` of values cut out of one product."""
    g = Builder()
    x = g.input(1, 32, 64)
    gate, value, rest = g.op(
        "Split", linear(g, x, 64, 256 + few, False), g.const([128, 128, few]), count=3, axis=2
    )
    value = g.op("Softmax", value, axis=1)
    y = rmsnorm(g, g.op("Mul", value, silu(g, gate)), 128)
    y = cut(g, y, 1, 31, 32) if one_row else y
    graph = cut_products(loaded(g.model(y, rest)))
    return sum(n.op_type == "MatMul" for n in graph.nodes)


@pytest.mark.parametrize(
    ("few", "one_row", "count"),
    [
        (16, False, 3),
        (16, True, 1),  # a slice of one row ends at the gate: 192 x 1,024 by 4,384 is one product there
        (24, False, 1),  # 24 heads: 3,352 channels are one product there
    ],
)
def test_products_taken_apart(few, one_row, count) -> None:
    assert products(few, one_row) == count
