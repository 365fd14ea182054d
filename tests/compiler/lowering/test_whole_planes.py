"""By how many windows a whole plane is pooled: NPU 5010 has windows of up to 15."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.graph import DType, Graph, Node, Value
from npusim.simulation import simulate

HALF = DType.FLOAT16


def pooled_plane(side: int, inside: bool) -> Graph:
    """The mean of a plane of 192 channels, made by a 1x1 convolution (`inside`) or an input of the graph."""
    shapes = {"x": (1, 32 if inside else 192, side, side), "c": (1, 192, side, side), "y": (1, 192, 1, 1)}
    values = {n: Value(n, s, HALF) for n, s in shapes.items()}
    values["w"] = Value("w", (192, 32, 1, 1), HALF, constant=True)
    convolution = Node("c", "Conv", ("x", "w"), ("c",), {"kernel_shape": (1, 1)})
    mean = Node("y", "GlobalAveragePool", ("c" if inside else "x",), ("y",), {})
    return Graph("plane", (convolution, mean) if inside else (mean,), values, ("x",), ("y",), opset=20)


def lowering(name: str, profile: str, side: int = 14, inside: bool = True) -> str:
    report = simulate(pooled_plane(side, inside), load_hardware(name), profile, band=False)
    return next(n.lowering for n in report.nodes if n.op_type == "GlobalAveragePool")


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_only_npu_5010_pools_fourteen_pixels_at_once(profile):
    names = ("meteor_lake", "lunar_lake", "panther_lake")
    assert [lowering(n, profile) for n in names] == ["mac_array", "mac_array", "plane_15"]
    assert lowering("panther_lake", profile, 16) == "mac_array"  # 8 and 2, as everywhere


def test_a_lone_plane_costs_no_more_than_twice_as_large_a_one():
    """An input of the graph is pooled in stages in profile 2026, for the law of doubling."""
    assert lowering("panther_lake", "2026", inside=False) == "mac_array"
    assert lowering("panther_lake", "2026-as-released", inside=False) == "plane_15"
