"""How many columns of uneven channels are folded, and the work that makes, by the shapes in Intel's schedules."""

from itertools import pairwise

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.layouts.folded_columns import folded
from npusim.compiler.layouts.folded_works import over_columns
from npusim.compiler.lowering.place import Placed
from npusim.graph import DType, Node, Value
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from npusim.work import MacOp, MacWork
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

TILE = 1439 * 1024


def chain(width: int, *layers: tuple[int, int, int, int], height: int = 160) -> list[int]:
    """Columns folded by each of a chain of convolutions (channels in and out, taps a side, stride); 0: none."""
    values = {"x": Value("x", (1, layers[0][0], height, width), DType.FLOAT16)}
    steps: list[Placed] = []
    name, wide, tall = "x", width, height
    for k, (ci, co, taps, stride) in enumerate(layers):
        reads, name = name, f"t{k}"
        work = MacWork(
            MacOp.CONVOLUTION, tall // stride, wide // stride, co, ci, tall, wide, taps, taps, stride, stride
        )
        wide, tall = wide // stride, tall // stride
        values[name] = Value(name, (1, co, tall, wide), DType.FLOAT16)
        node = Node(name, "Conv", (reads,), (name,))
        steps.append(Placed(node, "mac_array", (work,), "mac_array", "", (reads,), (name,), 64.0, 0.0))
    done = folded(steps, values, TILE, frozenset({name}))
    return [done[s.writes[0]].together if s.writes[0] in done else 0 for s in steps]


def between(width: int, *channels: int, taps: int = 3) -> list[int]:
    """The same of so many channels, one convolution behind the other, in front of one that the graph hands out."""
    layers = [(a, b, taps, 1) for a, b in pairwise(channels)]
    return chain(width, *layers, (16, 16, 3, 1))[:-1]


@pytest.mark.parametrize(
    ("width", "channels", "taps", "columns"),
    [
        (160, (16, 24, 24, 16), 3, [4, 4, 4]),
        (160, (16, 24, 24, 16), 1, [2, 2, 2]),
        (240, (16, 8, 8, 16), 3, [4, 4, 4]),
        (160, (16, 24, 18, 18, 16), 3, [4, 8, 8, 8]),
        (160, (16, 20, 36, 16), 3, [4, 4, 4]),
        (160, (16, 2, 2, 16), 3, [8, 8, 8]),
        (160, (16, 18, 18, 16), 3, [0, 0, 8]),
        (160, (16, 18, 16), 3, [0, 0]),
        (160, (16, 3, 3, 3, 16), 3, [0, 0, 16, 16]),
        (130, (16, 24, 24, 16), 3, [0, 0, 10]),
        (161, (16, 24, 24, 16), 3, [0, 0, 0]),
        (160, (80, 88, 80, 16), 3, [4, 4, 0]),
        (160, (16, 88, 88, 16), 3, [0, 0, 0]),
        (160, (16, 4, 4, 16), 3, [4, 0, 0]),
    ],
)
def test_columns_are_folded_as_in_schedules(
    width: int, channels: tuple[int, ...], taps: int, columns: list[int]
) -> None:
    """Chains compiled for NPU 3720, 4000 and 5010; these on 4000."""
    assert between(width, *channels, taps=taps) == columns


def test_a_wider_window_folds_more_columns() -> None:
    """5 x 5 and 7 x 7 eight, 9 x 9 sixteen; 24 results of 16 channels not, their reader in fours of padded channels."""
    found = [chain(336, (16, 8, 3, 1), (8, 8, k, 1), (8, 16, 3, 1), (16, 16, 3, 1))[1] for k in (3, 5, 7, 9)]
    assert found == [4, 8, 8, 16]
    assert chain(160, (16, 24, 5, 1), (24, 24, 3, 1), (24, 16, 3, 1), (16, 16, 3, 1))[:3] == [0, 4, 4]


def test_a_stride_folds_fewer_results() -> None:
    """24 to 40 at a stride of two over 240 columns is 96 to 80 by 3 x 2, by 5 x 5 192 to 160 by 5 x 3."""
    layers = (16, 24, 3, 1), (24, 40, 3, 2), (40, 32, 3, 1), (32, 16, 3, 1)
    assert chain(240, *layers, height=240)[:3] == [4, 4, 4]
    for taps, together, shape in ((3, 4, (96, 80, 2)), (5, 8, (192, 160, 3))):
        work = over_columns(
            MacWork(MacOp.CONVOLUTION, 120, 120, 40, 24, 240, 240, taps, taps, 2, 2), together
        )
        assert (work.in_c, work.out_c, work.kernel_w) == shape
        assert work.macs == pytest.approx(120 * 120 * 40 * 24 * taps * taps)


def weights(npu: str, tiles: int) -> tuple[float, float, int]:
    """MAC time of 52 to 52 by 3 x 3 on 180 x 320, its weights in KB and its pieces."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 16, 180, 320), 16, 52, 1))
    x = g.op("Relu", conv(g, x, 52, 52, 3))
    x = conv(g, g.op("Relu", conv(g, x, 52, 16, 1)), 16, 16, 3)
    hw = load_hardware(npu).replace({"tiles": tiles})
    report = simulate(of_model(g.model(x), ""), hw, "2026", band=False)
    mine = [t for t in report.tasks if t.node == "Conv_2"]
    stored = sum(t.nbytes for t in mine if "weight" in t.name) / 1e3
    node = next(n for n in report.nodes if n.name == "Conv_2")
    return sum(t.duration_us for t in mine if t.engine == "mac_array"), stored, node.pieces


def test_weights_without_zeros_come_for_every_strip() -> None:
    """208 x 208 x 3 x 3: 249,600 bytes a strip in Intel's schedule of RLFN on NPU 3720, 7 to 11 strips, 1.5 to 2.1 ms
    (1.1 ms over 64 padded channels)."""
    time, stored, pieces = weights("meteor_lake", 2)
    each = 208 * (52 * 9 * 2 + 208 * 9 / 8 + 16) / 1e3
    assert each == pytest.approx(249.6, rel=0.02)
    assert stored / each == pytest.approx(round(stored / each)) and 4 <= stored / each <= pieces
    assert 1080 < time < 2100
