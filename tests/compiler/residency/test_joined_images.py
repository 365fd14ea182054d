"""Concats of images whose parts cannot be written where the whole lies, and images put in place without their halo."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Graph, Node, Value
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

PROFILE = load_profile("2026-as-released")
HARDWARE = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}
POINT = {"kernel_shape": (1, 1), "pads": (0,) * 4}
WINDOW = {"kernel_shape": (3, 3), "pads": (1,) * 4}


def image(name, channels, size):
    return Value(name, (1, channels, size, size), DType.FLOAT16)


def weight(name, *shape):
    return Value(name, shape, DType.FLOAT16, constant=True)


def graph(nodes, values):
    return Graph("joined", tuple(nodes), {v.name: v for v in values}, ("x",), ("y",), opset=20)


def joined(size, activated):
    """Two 1x1 convolutions of the image, a kernel of the DSPs behind one if `activated`, joined, a 1x1."""
    values = [image(n, 64, size) for n in ("x", "a", "b", "s", "y")] + [image("j", 128, size)]
    values += [weight("wa", 64, 64, 1, 1), weight("wb", 64, 64, 1, 1), weight("wy", 64, 128, 1, 1)]
    nodes = [
        Node("Conv_a", "Conv", ("x", "wa"), ("a",), POINT),
        Node("Conv_b", "Conv", ("x", "wb"), ("b",), POINT),
    ]
    if activated:
        nodes.append(Node("Erf", "Erf", ("a",), ("s",)))
    nodes.append(Node("Concat", "Concat", ("s" if activated else "a", "b"), ("j",), {"axis": 1}))
    nodes.append(Node("Conv_y", "Conv", ("j", "wy"), ("y",), POINT))
    return graph(nodes, values)


def spread(size):
    """A transposed convolution of 4 x 4 by two, a 3x3 behind."""
    values = [image("x", 64, size), image("t", 64, 2 * size), image("y", 64, 2 * size)]
    values += [weight("wt", 64, 64, 4, 4), weight("wy", 64, 64, 3, 3)]
    stride = {"kernel_shape": (4, 4), "pads": (1,) * 4, "strides": (2, 2)}
    nodes = [
        Node("Spread", "ConvTranspose", ("x", "wt"), ("t",), stride),
        Node("Conv_y", "Conv", ("t", "wy"), ("y",), WINDOW),
    ]
    return graph(nodes, values)


def moved(found, npu, tiles=None):
    hw = load_hardware(HARDWARE[npu])
    return compile_graph(found, hw if tiles is None else hw.replace({"tiles": tiles}), PROFILE)


def destinations(plan):
    """Tensors that go from the scratchpads to DDR, by name."""
    return {
        plan.label[i].split("/")[0] for i, a in enumerate(plan.ask) if getattr(a, "destination", "") == "ddr"
    }


@pytest.mark.parametrize("npu", HARDWARE)
def test_parts_of_a_kernel_are_joined_in_ddr(npu):
    """Convolutions of a detector's cross-stage block, one with a kernel behind it (38 of 38 in Intel's schedules)."""
    assert {"s", "b"} <= destinations(moved(joined(40, True), npu))
    assert "b" not in destinations(moved(joined(40, False), npu))


def in_a_row(size, split=False):
    """Three 3x3 convolutions in a row, joined with what they read, a 1x1; what the first reads is half of a Split."""
    channels = 128
    values = [image(n, channels, size) for n in ("x", "i", "a", "b", "c", "y")] + [
        image("j", 4 * channels, size)
    ]
    values += [weight(f"w{n}", channels, channels, 3, 3) for n in "abc"]
    values += [
        weight("wi", channels * (1 + split), channels, 1, 1),
        weight("wy", channels, 4 * channels, 1, 1),
    ]
    nodes = [Node("Conv_i", "Conv", ("x", "wi"), ("p" if split else "i",), POINT)]
    if split:
        values += [image("p", 2 * channels, size), image("o", channels, size)]
        nodes.append(Node("Split", "Split", ("p",), ("o", "i"), {"axis": 1}))  # without sizes it stays
    for before, after in (("i", "a"), ("a", "b"), ("b", "c")):
        nodes.append(Node(f"Conv_{after}", "Conv", (before, f"w{after}"), (after,), WINDOW))
    nodes.append(Node("Concat", "Concat", ("i", "a", "b", "c"), ("j",), {"axis": 1}))
    nodes.append(Node("Conv_y", "Conv", ("j", "wy"), ("y",), POINT))
    return graph(nodes, values)


@pytest.mark.parametrize("npu", HARDWARE)
def test_what_the_array_makes_is_written_where_it_is_joined(npu):
    """VoVNet's and YOLOv7's modules: what others read too crosses once, nothing is copied in DDR (all of their Concats
    in Intel's schedules); half of a Split is (Res2Net, on all NPUs)."""
    plan = moved(in_a_row(40), npu)
    part = 128 * 40 * 40 * 2
    by_ddr = [(plan.label[i], a) for i, a in enumerate(plan.ask) if getattr(a, "nbytes", 0)]
    assert sum(a.nbytes for _, a in by_ddr if getattr(a, "destination", "") == "ddr") >= 4 * part
    assert not [label for label, a in by_ddr if (a.source, a.destination) == ("ddr", "ddr")]
    halved = moved(in_a_row(40, split=True), npu)
    copies = [
        a.nbytes for a in halved.ask if getattr(a, "source", "") == getattr(a, "destination", "") == "ddr"
    ]
    assert sum(copies) == part


@pytest.mark.parametrize("npu", HARDWARE)
def test_a_window_reads_what_is_put_in_place_through_ddr(npu):
    """Row by row, without the rows for the next tile: on NPU 4000 and 5010, on more than one tile."""
    assert ("t" in destinations(moved(spread(32), npu))) == (npu != "3720")
    assert "t" not in destinations(moved(spread(16), npu, tiles=1))


def test_an_image_spread_out_with_zeros_is_filled_in_by_way_of_ddr():
    """On NPU 3720: its pixels are written, zeros are brought to one tile and what is made there is written; what does
    not fit into one is made in DDR (Intel's schedules of a U-Net at 224)."""

    def way(size):
        values = [
            image("x", 32, size),
            image("t", 32, 2 * size),
            image("y", 32, 2 * size),
            weight("wx", 32, 32, 1, 1),
        ]
        values += [image("s", 32, size), weight("wt", 32, 32, 2, 2), weight("wy", 32, 32, 1, 1)]
        stride = {"kernel_shape": (2, 2), "strides": (2, 2)}
        nodes = [
            Node("Conv_x", "Conv", ("x", "wx"), ("s",), POINT),
            Node("Spread", "ConvTranspose", ("s", "wt"), ("t",), stride),
            Node("Conv_y", "Conv", ("t", "wy"), ("y",), POINT),
        ]
        plan = moved(graph(nodes, values), "3720")
        zeros = [a for i, a in enumerate(plan.ask) if plan.label[i].endswith("/zeros")]
        assert zeros[0].nbytes == 2 * 32 * (2 * size) ** 2
        assert "s" in destinations(plan)
        return zeros[0].destination

    assert (way(64), way(112)) == ("scratchpad", "ddr")


@pytest.mark.parametrize("npu", HARDWARE)
def test_slopes_of_channels_take_an_image_as_it_lies(npu):
    """PRelu between convolutions stays inside; in front of a window it goes through DDR where kernels write no halo."""
    values = [image(n, 32, 64) for n in ("x", "s", "r", "y")]
    values += [weight("wx", 32, 32, 3, 3), weight("slope", 32, 1, 1), weight("wy", 32, 32, 3, 3)]
    nodes = [
        Node("Conv_x", "Conv", ("x", "wx"), ("s",), WINDOW),
        Node("PRelu", "PRelu", ("s", "slope"), ("r",)),
        Node("Conv_y", "Conv", ("r", "wy"), ("y",), WINDOW),
    ]
    found = destinations(moved(graph(nodes, values), npu))
    assert "s" not in found
    assert ("r" in found) == (npu != "3720")


@pytest.mark.parametrize("npu", HARDWARE)
def test_what_normalises_channels_and_what_scales_them_meet_in_ddr(npu):
    """Style nets: planes of 96 rows go through DDR to the kernel and behind it, those of 24 only behind it on NPU 3720;
    what the pass makes stays."""

    def crossing(size, tiles=None):
        values = [image(n, 64, size) for n in ("x", "s", "n", "y")] + [weight("wx", 64, 64, 3, 3)]
        values += [weight("wy", 64, 64, 3, 3), weight("scale", 64), weight("shift", 64)]
        nodes = [
            Node("Conv_x", "Conv", ("x", "wx"), ("s",), WINDOW),
            Node("Norm", "InstanceNormalization", ("s", "scale", "shift"), ("n",)),
            Node("Conv_y", "Conv", ("n", "wy"), ("y",), WINDOW),
        ]
        found = destinations(moved(graph(nodes, values), npu, tiles))
        assert "n" not in found
        return "s" in found, "Norm" in found

    assert crossing(96) == (True, True)
    assert crossing(24) == (False, npu == "3720")
    assert crossing(24, tiles=1) == (False, False)


@pytest.mark.parametrize(
    ("npu", "channels", "size", "crossing"),
    [
        ("4000", 128, 64, set()),
        ("4000", 256, 48, {"Norm", "n"}),
        ("4000", 192, 64, {"Norm", "n"}),
        ("5010", 128, 64, set()),
        ("5010", 256, 48, {"Norm"}),
        ("5010", 192, 64, {"Norm"}),
        ("3720", 256, 64, {"n"}),
        ("3720", 128, 96, {"Norm", "n"}),
    ],
)
def test_what_normalises_large_planes_hands_them_on_through_ddr(npu, channels, size, crossing):
    """Intel's schedules of residual blocks: MVN_62 of 256 x 48 x 48 (0.20 of all scratchpads) is written on 4000, of
    128 x 64 x 64 (0.17) not; what is scaled crosses for a convolution that does not fit as a whole, on
    4000 alone. On 3720 half of the channels of 256 x 64 x 64 go through both passes, 128 x 96 x 96 pass by pass."""
    values = [image(n, channels, size) for n in ("x", "s", "n", "y")]
    values += [weight(n, channels, channels, 3, 3) for n in ("wx", "wy")]
    values += [weight("scale", channels), weight("shift", channels)]
    nodes = [
        Node("Conv_x", "Conv", ("x", "wx"), ("s",), WINDOW),
        Node("Norm", "InstanceNormalization", ("s", "scale", "shift"), ("n",)),
        Node("Conv_y", "Conv", ("n", "wy"), ("y",), WINDOW),
    ]
    found = destinations(moved(graph(nodes, values), npu))
    assert {"Norm", "n"} & set(found) == crossing


@pytest.mark.parametrize("npu", HARDWARE)
def test_uneven_channels_are_filled_up_for_a_pooling_of_a_large_image(npu):
    """24 of 320 x 320 in a U-Net on NPU 3720 and 4000, to 32, through DDR; not on 5010, of 64 x 64, or of 32."""

    def filled(channels, size):
        values = [image("x", channels, size), image("s", channels, size), image("y", channels, size // 2)]
        values.append(weight("wx", channels, channels, 1, 1))
        nodes = [
            Node("Conv_x", "Conv", ("x", "wx"), ("s",), POINT),
            Node("Pool", "MaxPool", ("s",), ("y",), {"kernel_shape": (2, 2), "strides": (2, 2)}),
        ]
        plan = moved(graph(nodes, values), npu)
        return any(s.node.name == "s/filled" for s in plan.steps)

    assert filled(24, 320) == (npu != "5010")
    assert not filled(24, 64)
    assert not filled(32, 320)


def fire_bytes(npu, tiles, size, channels):
    """MB that cross DDR in a network of one module of a SqueezeNet, 1x1 and 3x3 joined, and a pooling."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, 2 * size, 2 * size), 3, 32, 3, 2))
    x = g.op("Relu", conv(g, x, 32, 32, 1))
    parts = [g.op("Relu", conv(g, x, 32, channels // 2, k)) for k in (1, 3)]
    x = g.op("MaxPool", g.op("Concat", *parts, axis=1), kernel_shape=[3, 3], strides=[2, 2])
    x = g.op("Relu", conv(g, g.op("Relu", conv(g, x, channels, 32, 1)), 32, 64, 3))
    x = g.op("Conv", g.op("GlobalAveragePool", x), g.weight(16, 64, 1, 1))
    machine = load_hardware(HARDWARE[npu]).replace({"tiles": tiles})
    return simulate(of_model(g.model(x), ""), machine, "2026", band=False).bytes_moved / 1e6


@pytest.mark.parametrize(
    ("npu", "tiles", "size", "theirs"),
    [
        ("3720", 2, 62, 5.17),
        ("4000", 4, 62, 5.37),
        ("5010", 3, 62, 4.46),
        ("4000", 4, 55, 4.26),
        ("5010", 3, 55, 3.60),
    ],
)
def test_a_whole_that_fits_into_no_tile_beside_its_pooling_crosses(npu, tiles, size, theirs):
    """256 channels written and read once by hand, as in Intel's schedules; half of them stay."""
    both = 2 * 256 * size * size * 2 / 1e6
    assert fire_bytes(npu, tiles, size, 256) == pytest.approx(theirs, rel=0.05)
    assert fire_bytes(npu, tiles, size, 256) - fire_bytes(npu, tiles, size, 128) > 0.75 * both


@pytest.mark.parametrize(
    ("size", "channels", "theirs"),
    [(79, 128, 2.64), (80, 128, 1.05), (81, 128, 2.89), (83, 128, 6.54), (85, 128, 10.50)]
    + [(55, 256, 1.59), (57, 256, 4.99), (59, 256, 5.31)],
)
def test_what_two_parts_are_made_of_stands_beside_the_whole_on_npu_3720(size, channels, theirs):
    """Two modules of a SqueezeNet and a pooling: the first is read by a 1x1, the second by the pooling alone."""
    g = Builder(weights=False)
    x, made = g.op("Relu", conv(g, g.input(1, 64, size, size), 64, 64, 3)), 64
    for _ in range(2):
        few = g.op("Relu", conv(g, x, made, channels // 8, 1))
        parts = [g.op("Relu", conv(g, few, channels // 8, channels // 2, k)) for k in (1, 3)]
        x, made = g.op("Concat", *parts, axis=1), channels
    x = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    x = g.op("Relu", conv(g, g.op("Relu", conv(g, x, channels, 32, 1)), 32, 128, 3))
    machine = load_hardware("meteor_lake").replace({"tiles": 2})
    moved = simulate(of_model(g.model(g.op("GlobalAveragePool", x)), ""), machine, "2026", band=False)
    assert moved.bytes_moved / 1e6 == pytest.approx(theirs, rel=0.04)


def test_on_npu_3720_a_whole_that_fits_into_a_tile_stays():
    """55 x 55 x 256 and what is pooled of them are 1.92 of 1.98 MB: 1.00 MB cross in Intel's schedule."""
    assert fire_bytes("3720", 2, 55, 256) == pytest.approx(1.0, rel=0.05)
