"""Lines between convolutions along one axis, as Intel's compiler 8.4 lays them out."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, MacTask
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder

MACHINES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def moved(model, name, profile="2026-as-released"):
    """Bytes to and from DDR."""
    hw = load_hardware(name).replace({"tiles": MACHINES[name]})
    plan = compile_graph(of_model(model, "lines.onnx"), hw, load_profile(profile))
    return sum(t.nbytes for t in plan.ask if isinstance(t, DmaTask) and "ddr" in (t.source, t.destination))


def filled(channels, places):
    g = Builder()
    y = g.op("Conv", g.input(1, channels, places), g.weight(32, channels, 3), g.weight(32), pads=[1, 1])
    return g.model(g.op("Conv", y, g.weight(32, 32, 3), g.weight(32), pads=[1, 1]))


def pairs(channels, places, activation="LeakyRelu"):
    g = Builder()
    x = g.op("Conv", g.input(1, 64, places), g.weight(channels, 64, 3), g.weight(channels), pads=[1, 1])
    for _ in range(2):
        y = x
        for _ in range(2):
            weights = g.weight(channels, channels, 3), g.weight(channels)
            y = g.op("Conv", g.op(activation, y), *weights, pads=[1, 1])
        x = g.op("Add", x, y)
    return g.model(g.op("Conv", g.op(activation, x), g.weight(32, channels, 3), g.weight(32), pads=[1, 1]))


@pytest.mark.parametrize(("channels", "places", "mb"), [(24, 1024, 1.8), (8, 4096, 2.7), (2, 4096, 1.1)])
@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake"])
def test_channels_that_fill_no_sixteens_go_by_way_of_sixteen_columns(channels, places, mb, name):
    """Sixteen columns of every place are written and read: 32 bytes a channel and place, twice."""
    whole = moved(filled(channels, places), name)
    assert whole > 2 * channels * places * 32
    assert whole / 1e6 == pytest.approx(mb, rel=0.05)


@pytest.mark.parametrize(
    ("op", "channels", "places", "window", "stride", "mb"),
    [
        ("MaxPool", 40, 256, 3, 2, 0.741),
        ("MaxPool", 100, 512, 2, 2, 1.205),
        ("AveragePool", 100, 512, 2, 2, 3.668),
        ("Conv", 40, 512, 3, 1, 1.5),
        ("Conv", 63, 80, 5, 2, 0.37),
    ],
)
@pytest.mark.parametrize("name", ["meteor_lake", "panther_lake"])
def test_so_they_do_for_poolings_and_windows_of_a_channel_each(
    op, channels, places, window, stride, mb, name
):
    """The figures are those of Intel's schedules. A max pooling of windows side by side is seen in four columns."""
    g = Builder()
    pad = window // 2 if window > stride else 0
    own = {"kernel_shape": [window], "strides": [stride], "pads": [pad, pad]}
    x = g.input(1, channels, places)
    weights = (g.weight(channels, 1, window), g.weight(channels))
    y = g.op("Conv", x, *weights, group=channels, **own) if op == "Conv" else g.op(op, x, **own)
    assert moved(g.model(y), name) / 1e6 == pytest.approx(mb, rel=0.03)


def test_a_line_with_more_padding_than_half_a_window_is_joined_with_it() -> None:
    """171 channels of 224 places behind two zeros move 0.5 MB in Intel's schedule of NPU 3720."""
    g = Builder()
    y = g.op("Conv", g.input(1, 171, 224), g.weight(171, 171, 3), g.weight(171), pads=[2, 0])
    assert moved(g.model(y), "meteor_lake") / 1e6 == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize(
    ("channels", "places", "results", "mb"),
    [(20, 192, 123, 0.344), (40, 512, 128, 1.604), (100, 1024, 128, 10.959), (3, 1024, 64, 0.411), (20, 200, 64, 0.05)],
)  # fmt: skip
def test_on_npu_5010_those_of_a_single_tap_do_where_places_are_sixteens(channels, places, results, mb):
    """The figures are those of Intel's schedules, but the last, a bound: its places are copied."""
    weights = lambda g, taps: (g.weight(results, channels, taps), g.weight(results))
    g = Builder()
    single = g.model(g.op("Conv", g.input(1, channels, places), *weights(g, 1)))
    assert moved(single, "panther_lake") / 1e6 == pytest.approx(mb, rel=0.1)
    g = Builder()
    window = g.model(g.op("Conv", g.input(1, channels, places), *weights(g, 3), pads=[1, 1]))
    assert moved(window, "panther_lake") < 2 * channels * places * 32 + 6 * results * (channels + 12)


@pytest.mark.parametrize(
    ("channels", "places", "mb"),
    [(64, 1024, {"meteor_lake": 1.6, "lunar_lake": 2.4, "panther_lake": 2.8}),
     (128, 2000, {"meteor_lake": 9.6, "lunar_lake": 11.1, "panther_lake": 11.1})],
)  # fmt: skip
@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("activation", ["Relu", "LeakyRelu"])
def test_what_lies_in_a_row_of_places_is_turned_for_its_convolution(channels, places, mb, name, activation):
    found = moved(pairs(channels, places, activation), name) / 1e6
    assert found == pytest.approx(mb[name], rel=0.15)


@pytest.mark.parametrize("name", MACHINES)
def test_so_does_profile_2026(name):
    assert moved(pairs(64, 1024), name, "2026") == moved(pairs(64, 1024), name)


@pytest.mark.parametrize("name", MACHINES)
def test_a_window_cut_into_slices_reads_its_line_for_each(name):
    """33 taps are three slices of up to 11 or 15, of which the third hands on its result inside on NPU 5010."""

    def depthwise(taps):
        g = Builder()
        y = g.op("Conv", g.input(1, 64, 256), g.weight(64, 64, 1), g.weight(64))
        y = g.op("Conv", y, g.weight(64, 1, taps), pads=[taps // 2] * 2, group=64)
        return g.model(g.op("Conv", y, g.weight(64, 64, 1), g.weight(64)))

    line = 64 * 256 * 2
    assert moved(depthwise(33), name) - moved(depthwise(11), name) > 3 * line


@pytest.mark.parametrize("name", MACHINES)
def test_a_causal_line_is_written_beside_its_zeros(name):
    def causal(pads):
        g = Builder()
        y = g.op("Conv", g.input(1, 64, 1024), g.weight(64, 64, 1), g.weight(64))
        y = g.op("Conv", y, g.weight(64, 64, 3), g.weight(64), pads=pads)
        return g.model(g.op("Conv", y, g.weight(64, 64, 1), g.weight(64)))

    # On NPU 4000 and 5010 the line in front of a window crosses DDR anyway: 568.6 KB of both by Intel's on 4000.
    line = 1024 * 64 * 2 if name == "meteor_lake" else 0
    assert moved(causal([2, 0]), name) == moved(causal([1, 1]), name) + 2 * line


@pytest.mark.parametrize(
    ("channels", "places", "columns"),
    [
        (384, 256, 16),
        (256, 512, 16),
        (512, 288, 18),
        (256, 256, 1),
        (128, 1024, 1),
        (512, 240, 1),
        (384, 300, 1),
    ],
)
def test_large_slices_of_a_long_depthwise_window_are_read_as_rows(channels, places, columns) -> None:
    """32 taps in front: two slices of 15 and one of 2 on NPU 5010 (`halo_conv` in Intel's schedules)."""
    g = Builder()
    line = g.op("Tanh", g.input(1, channels, places))
    line = g.op("Conv", line, g.weight(channels, 1, 32), group=channels, pads=[31, 0])
    hw = load_hardware("panther_lake").replace({"tiles": 3})
    model = g.model(g.op("Sigmoid", line))
    plan = compile_graph(of_model(model, "slices.onnx"), hw, load_profile("2026-as-released"))
    works = [t.alternatives[0][0] for t in plan.ask if isinstance(t, MacTask)]
    assert {w.out_w for w in works if max(w.kernel_h, w.kernel_w) == 15} == {columns}


@pytest.mark.parametrize("activation", ["Elu", "Tanh", "HardSwish"])
@pytest.mark.parametrize(
    ("name", "mb"), [("meteor_lake", 1.58), ("panther_lake", 4.65)]
)  # all that Intel's schedules of Elu move; it is 6.7 on NPU 3720 where additions lie in a row
def test_additions_in_front_of_kernels_stay_as_their_convolutions_lie(activation, name, mb):
    g = Builder()
    x = g.input(1, 16, 4000)

    def window(line, made, taps=3, **attributes):
        have = 16 if line == x else 32
        pads = attributes.pop("pads", [taps // 2, taps // 2])
        return g.op("Conv", line, g.weight(made, have, taps), g.weight(made), pads=pads, **attributes)

    first = window(x, 32)
    y = window(g.op(activation, window(g.op(activation, first), 32)), 32, 1)
    second = window(g.op(activation, g.op("Add", y, first)), 32)
    y = g.op("Add", window(g.op(activation, second), 32), second)
    graph = g.model(window(g.op(activation, y), 64, 4, strides=[2], pads=[1, 2]))
    for profile in ("2026", "2026-as-released"):
        assert moved(graph, name, profile) < 1.4 * mb * 1e6


def resblocks(channels, places, dilations=(1, 3)):
    """MelGAN's: a window and a single tap added to a single tap of what was read, leaky ReLUs between."""
    g = Builder()
    leaky = lambda x: g.op("LeakyRelu", x, alpha=0.2)
    tap = lambda x: g.op("Conv", x, g.weight(channels, channels, 1), g.weight(channels))
    x = tap(g.input(1, channels, places))
    for d in dilations:
        window = g.weight(channels, channels, 3), g.weight(channels)
        y = g.op("Conv", leaky(x), *window, pads=[d, d], dilations=[d])
        x = g.op("Add", tap(x), tap(leaky(y)))
    return g.model(tap(leaky(x)))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("name", MACHINES)
def test_what_single_taps_make_is_added_and_activated_as_they_see_it(name, profile):
    """No line of 64 x 4,096 is laid in a row and turned back."""
    hw = load_hardware(name).replace({"tiles": MACHINES[name]})
    report = simulate(of_model(resblocks(64, 4096), "lines.onnx"), hw, profile, band=False)
    assert not any(n.name.endswith(("/planes", "/line")) for n in report.nodes)


def skips(places, layers=4):
    """WaveNet's: gates of what dilated taps make, read by two single taps; skips added up."""
    g = Builder()
    weights = lambda a, b, k: (g.weight(b, a, k), g.weight(b))
    x, total = g.op("Conv", g.input(1, 16, places), *weights(16, 64, 1)), None
    for i in range(layers):
        d = 1 << i
        causal = lambda: g.op("Conv", x, *weights(64, 64, 2), dilations=[d], pads=[d, 0])  # noqa: B023
        y = g.op("Mul", g.op("Tanh", causal()), g.op("Sigmoid", causal()))
        s = g.op("Conv", y, *weights(64, 128, 1))
        total = g.op("Add", total, s) if total else s
        x = g.op("Add", x, g.op("Conv", y, *weights(64, 64, 1)))
    return g.model(g.op("Conv", g.op("Relu", total), *weights(128, 64, 1)))


def test_skips_of_a_wavenet_and_its_gates_stay_inside():
    """On NPU 4000 nothing but the line itself and its border cross, a layer at a time: 128 x 4,000 skips (1.02 MB) do
    not."""
    line = 64 * 4000 * 2
    assert moved(skips(4000), "lunar_lake", "2026") < 4 * 5 * line


def reduced(channels, places):
    g = Builder()
    y = g.op("Conv", g.input(1, 64, places), g.weight(64, 64, 3), g.weight(64), pads=[1, 1])
    y = g.op("Conv", y, g.weight(channels, 64, 1), g.weight(channels))
    return g.model(g.op("ReduceMax", y, axes=[2], keepdims=0))


@pytest.mark.parametrize(("name", "mb"), [("meteor_lake", 0.358), ("panther_lake", 0.489)])
def test_a_reduction_over_places_shares_the_channels_of_a_line_that_was_shared_over_places(name, mb):
    """It is written and read as it lies, no more: the bytes are those of Intel's schedules."""
    assert moved(reduced(256, 256), name) / 1e6 == pytest.approx(mb, rel=0.03)


@pytest.mark.parametrize("name", MACHINES)
def test_a_line_larger_than_a_tile_is_reduced_over_the_places_it_lies_on(name):
    """1,024 channels of 1,024 places (PointNet), but on three tiles, of which none has a third of them."""
    crosses = moved(reduced(1024, 1024), name) > 2 * 1024 * 1024 * 2
    assert crosses == (name == "panther_lake")
