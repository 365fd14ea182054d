"""The convolution of a folded image that does not fit: over channels, its image inside."""

import pytest

from npusim.compiler.plan import DmaTask
from npusim.graph import DType, Graph, Node, Value
from tests.compiler.planes.test_planes import HARDWARE, moved, planned, together


def stem(size: int, channels: int = 64) -> Graph:
    """An image, a 7 x 7 at a stride of two, a max pooling and a 3 x 3."""
    made, half = size // 2, size // 4
    shapes = {
        "x": (1, 3, size, size),
        "a": (1, channels, made, made),
        "b": (1, channels, half, half),
        "y": (1, channels, half, half),
    }
    values = {n: Value(n, s, DType.FLOAT16) for n, s in shapes.items()}
    values["w"] = Value("w", (channels, 3, 7, 7), DType.FLOAT16, constant=True)
    values["v"] = Value("v", (channels, channels, 3, 3), DType.FLOAT16, constant=True)
    seven = {"kernel_shape": (7, 7), "strides": (2, 2), "pads": (3,) * 4}
    pool = {"kernel_shape": (3, 3), "strides": (2, 2), "pads": (1,) * 4}
    nodes = (
        Node("a", "Conv", ("x", "w"), ("a",), seven),
        Node("b", "MaxPool", ("a",), ("b",), pool),
        Node("y", "Conv", ("b", "v"), ("y",), {"kernel_shape": (3, 3), "pads": (1,) * 4}),
    )
    return Graph("stem", nodes, values, ("x",), ("y",), opset=20)


def megabytes_of(plan) -> float:
    """What crosses DDR."""
    return sum(a.nbytes for a in plan.ask if isinstance(a, DmaTask)) / 1e6


@pytest.mark.parametrize(("size", "megabytes"), [(448, 16.85), (480, 19.54), (512, 21.84), (544, 24.55)])
def test_a_resnets_first_convolution_reads_its_image_once_on_npu_5010(size, megabytes):
    """Bytes through DDR of the same graphs in Intel's schedules."""
    plan = planned(stem(size), HARDWARE["panther_lake"])
    first = next(s for s in plan.steps if s.node.name == "a")
    assert first not in together(plan) and "its image stays" in first.reason
    assert megabytes_of(plan) == pytest.approx(megabytes, rel=0.03)
    assert moved(plan, "x/load") == 3 * size * size * 2  # read once, written never


def test_an_image_that_does_not_fit_beside_itself_goes_in_strips():
    """640 pixels: convolution, pooling and 3 x 3 together in Intel's schedules, too; 13.2 MB."""
    plan = planned(stem(640), HARDWARE["panther_lake"])
    assert {"a", "b", "y"} <= {s.node.name for s in together(plan)}
    assert megabytes_of(plan) == pytest.approx(13.17, rel=0.15)
