"""Halves of a convolution's channels stay where they are joined with what is made of one of them."""

from itertools import pairwise

import pytest

from npusim.arch.presets import load_hardware
from npusim.graph import Graph, Node
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.compiler.residency.test_joined_images import HARDWARE, POINT, WINDOW, image, weight
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

MB = 1e6


def halves(size, channels, made, several=False):
    """A C2f block: a 1x1 whose halves a Split cuts off, `made` 3x3 convolutions in a row from the second half on, all
    joined, a 1x1 to as many channels as it began with, which goes on to a 3x3 and, if `several`, to another one."""
    h = channels // 2
    names = ["a", "b", *(f"t{i}" for i in range(made))]
    values = [image(n, h, size) for n in names] + [image(n, channels, size) for n in ("x", "c", "y", "z")]
    values += [image("j", h * (made + 2), size), weight("wc", channels, channels, 1, 1)]
    values += [weight("wy", channels, h * (made + 2), 1, 1), weight("wz", channels, channels, 3, 3)]
    nodes = [
        Node("Conv_c", "Conv", ("x", "wc"), ("c",), POINT),
        Node("Split", "Split", ("c",), ("a", "b"), {"axis": 1, "num_outputs": 2}),
    ]
    for last, name in pairwise(names[1:]):
        values.append(weight(f"w{name}", h, h, 3, 3))
        nodes.append(Node(f"Conv_{name}", "Conv", (last, f"w{name}"), (name,), WINDOW))
    nodes += [
        Node("Concat", "Concat", tuple(names), ("j",), {"axis": 1}),
        Node("Conv_y", "Conv", ("j", "wy"), ("y",), POINT),
        Node("Conv_z", "Conv", ("y", "wz"), ("z",), WINDOW),
    ]
    if several:
        values += [image("v", channels, size), weight("wv", channels, channels, 3, 3)]
        nodes.append(Node("Conv_v", "Conv", ("y", "wv"), ("v",), WINDOW))
    results = ("z", "v") if several else ("z",)
    return Graph("halves", tuple(nodes), {v.name: v for v in values}, ("x",), results, opset=20)


def moved(graph, npu="5010", profile="2026"):
    """MB between the first convolution's input and the last one's result, by node."""
    found = simulate(graph, load_hardware(HARDWARE[npu]), profile, band=False)
    sums = {}
    for t in found.tasks:
        inner = t.node not in ("Conv_c", "Conv_z", "Conv_v") and "weight" not in t.name
        if inner and "ddr" in (t.source, t.destination):
            sums[t.node] = sums.get(t.node, 0.0) + t.nbytes / MB
    return {n: b for n, b in sums.items() if not n.startswith("x")}


def test_a_window_reads_its_half_through_ddr():
    """The first block of YOLOv8n at 320 pixels, on NPU 5010: of 0.41 MB the half that the 3x3 reads is written (0.205
    MB in Intel's schedule) and read with the rows around each tile's own (0.215); nothing is joined in DDR."""
    assert moved(halves(80, 32, 1)) == pytest.approx({"Conv_t0": 0.205 + 0.215}, rel=0.02)


def test_longer_blocks_move_nothing():
    """The second block of YOLOv8n at 320 pixels: its half is copied inside (`Conv_28/cluster_0` from CMX to CMX)."""
    assert not moved(halves(40, 64, 2))


def test_a_whole_without_room_beside_its_result_is_joined_in_ddr():
    """That of YOLOv10n at 448 pixels, 48 x 112 x 112 to 32: copies in DDR in Intel's schedule, too."""
    assert "Concat" in moved(halves(112, 32, 1))


def test_a_result_that_several_read_lies_whole_beside_the_whole():
    """The second block of YOLOv8n-pose at 512 pixels, 128 x 64 x 64 made into 64, which a strided window and its neck
    read: 1.05 MB and 0.52 do not fit into one tile of NPU 5010, and 0.52 MB are copied in DDR (0.524 in Intel's
    schedule); with a third of the result they do."""
    assert moved(halves(64, 64, 2, several=True))["Concat"] == pytest.approx(0.524, rel=0.01)
    assert "Concat" not in moved(halves(64, 64, 2))


@pytest.mark.parametrize(("channels", "crosses"), [(64, False), (256, True)])
def test_weights_and_a_share_of_the_result_stand_beside_a_whole(channels, crosses):
    """256 channels of 34 x 34 enlarged and 256 made there, 1.18 MB, by a 1x1 to 256 (0.26 MB of weights, 0.19 of
    result): DeepLabv3 at 513 pixels, 33 x 33, reads them from DDR
    in Intel's schedule on NPU 5010."""

    g = Builder()
    x = conv(g, g.input(1, 256, 17, 17), 256, 256, 1)
    skip = conv(g, g.input(1, 256, 34, 34), 256, 256, 1)
    x = g.op("Resize", x, "", "", g.const([1, 256, 34, 34]), mode="linear")
    y = conv(g, g.op("Concat", x, skip, axis=1), 512, channels, 1)
    found = simulate(of_model(g.model(y), ""), load_hardware(HARDWARE["5010"]), "2026", band=False)
    assert any(t.name.startswith("Concat") and t.source == "ddr" for t in found.tasks) == crosses


def test_other_generations_join_them_in_ddr():
    """As before: on NPU 4000 a kernel makes them in these networks."""
    assert "Concat" in moved(halves(80, 32, 1), "4000")
