"""Additions behind convolutions of many weights on small planes."""

import pytest

from npusim.compiler.plan import DmaTask
from npusim.graph import DType, Graph, Node, Value
from tests.compiler.planes.test_planes import HARDWARE, moved, planned


def last_stage(size: int, wide: int) -> Graph:
    """A convolution to `wide` channels, and two bottlenecks of a quarter."""
    narrow = wide // 4
    values = {"x": Value("x", (1, wide, size, size), DType.FLOAT16)}
    nodes: list[Node] = []

    def conv(source: str, channels: int, kernel: int) -> str:
        name = f"c{len(nodes)}"
        values[f"w_{name}"] = Value(
            f"w_{name}", (channels, values[source].shape[1], kernel, kernel), DType.FLOAT16, constant=True
        )
        pads = {"kernel_shape": (kernel, kernel), "pads": (kernel // 2,) * 4}
        values[name] = Value(name, (1, channels, size, size), DType.FLOAT16)
        nodes.append(Node(name, "Conv", (source, f"w_{name}"), (name,), pads))
        return name

    x = conv("x", wide, 1)
    for i in range(2):
        y = conv(conv(conv(x, narrow, 1), narrow, 3), wide, 1)
        values[f"s{i}"] = Value(f"s{i}", (1, wide, size, size), DType.FLOAT16)
        nodes.append(Node(f"s{i}", "Add", (y, x), (f"s{i}",)))
        x = f"s{i}"
    y = conv(x, 256, 1)
    return Graph("last_stage", tuple(nodes), values, ("x",), (y,), opset=20)


def basic_block(size: int, wide: int) -> Graph:
    """A convolution of one tap, two windows and their sum, a convolution."""
    shape = (1, wide, size, size)
    values = {"x": Value("x", shape, DType.FLOAT16)}
    nodes: list[Node] = []
    for i, (source, kernel) in enumerate([("x", 1), ("c0", 3), ("c1", 3), ("s", 1)]):
        name = f"c{i}"
        values[f"w{i}"] = Value(f"w{i}", (wide, wide, kernel, kernel), DType.FLOAT16, constant=True)
        values[name] = Value(name, shape, DType.FLOAT16)
        pads = {"kernel_shape": (kernel, kernel), "pads": (kernel // 2,) * 4}
        nodes.append(Node(name, "Conv", (source, f"w{i}"), (name,), pads))
    values["s"] = Value("s", shape, DType.FLOAT16)
    nodes.insert(3, Node("s", "Add", ("c2", "c0"), ("s",)))
    return Graph("basic_block", tuple(nodes), values, ("x",), ("c3",), opset=20)


@pytest.mark.parametrize("name", sorted(HARDWARE))
@pytest.mark.parametrize(("size", "megabytes"), [(7, 30.7), (8, 30.6)])
def test_operands_come_from_ddr_and_the_sum_stays_for_the_next_convolution(name, size, megabytes):
    """Intel's schedules: 30.1 to 31.1 MB of 7 x 7, 30.6 to 30.7 of 8 x 8; 0.2 and 0.26 MB an operand."""
    plan = planned(last_stage(size, 2048), HARDWARE[name])
    operand = 2048 * size * size * 2
    assert moved(plan, "s0/write") == operand == moved(plan, "s0/load")  # once for the next addition
    total = sum(a.nbytes for a in plan.ask if isinstance(a, DmaTask)) / 1e6
    assert total == pytest.approx(megabytes, rel=0.02)


def test_few_weights_stay():
    """1,024 channels on 12 x 12 (a wide ResNet on NPU 4000): nothing crosses behind the first addition there."""
    plan = planned(last_stage(12, 1024), HARDWARE["lunar_lake"])
    assert moved(plan, "s0/write") == 0


def test_a_quarter_of_a_tile_decides_on_the_newest():
    """256 x 256 x 3 x 3 on 14 x 14, of DLA-34: 0.1 MB out and in for its sum on NPU 5010, where a tile's share of the
    weights is 0.27 of it; inside on NPU 4000 (0.20)."""
    sums = {n: planned(basic_block(14, 256), HARDWARE[n]) for n in ("lunar_lake", "panther_lake")}
    assert moved(sums["panther_lake"], "c2/write") == 256 * 14 * 14 * 2
    assert moved(sums["lunar_lake"], "c2/write") == 0
