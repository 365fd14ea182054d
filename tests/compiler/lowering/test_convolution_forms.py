"""Forms of convolutions that the MAC array has not: grouped, transposed, of a batch (Intel's schedules)."""

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from npusim.ops.slicing import dilated
from npusim.simulation import simulate
from npusim.work import MacOp, MacWork
from tests.compiler import at_size
from tests.graphs import loaded
from tests.vendor import op_graphs
from tests.vendor.builder import Builder

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def report(op, hardware="meteor_lake"):
    machine = load_hardware(hardware).replace({"tiles": TILES[hardware], "step.minimum_ns": 0.0})
    return simulate(loaded(op_graphs.build(op, weights=False)), machine, "2026-as-released")


@pytest.mark.parametrize(
    ("op", "hardware", "megabytes", "mac_us"),
    [
        (
            "conv_256_256_3_1_28_8",
            "meteor_lake",
            1.8309,
            92.2,
        ),  # one of eight weights, and a bit for each of all
        ("conv_512_512_3_1_14_32", "panther_lake", 1.51, 34.1),
        ("convb_8_512_512_3_1_7_1", "panther_lake", 39.42, 117.0),  # weights read for each image
        ("convb_8_256_256_3_1_14_1", "meteor_lake", 12.68, 418.6),
        ("deconv_256_128_2_2_40", "meteor_lake", 17.36, 404.7),  # zeros in memory
        ("deconv_256_256_3_2_20", "panther_lake", 2.97, 93.0),
        ("depth2space_2_256_64", "meteor_lake", 41.36, 325.0),
        ("Neg_24_256_256", "lunar_lake", 14.68, 40.3),  # 24 channels as 32
    ],
)
def test_bytes_and_time_are_near_those_of_intels_schedules(op, hardware, megabytes, mac_us):
    found = report(op, hardware)
    assert found.bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.15)
    assert found.engines["mac_array"] == pytest.approx(mac_us, rel=0.3)


def test_a_window_of_four_at_stride_two_is_four_windows_of_two():
    assert report("deconv_128_64_4_2_32").engines["mac_array"] == pytest.approx(71.6, rel=0.3)
    assert report("deconv_128_64_4_2_32").bytes_moved / 1e6 == pytest.approx(1.05, rel=0.05)


@settings(max_examples=min(15, settings().max_examples), deadline=None)
@given(groups=st.sampled_from([2, 4, 8, 16]), size=st.sampled_from([14, 28, 32]))
def test_more_groups_are_never_dearer_nor_move_more(groups, size):
    once = report(f"conv_64_64_3_1_{size}_1")
    cut = report(f"conv_64_64_3_1_{size}_{groups}")
    assert cut.engines["mac_array"] <= once.engines["mac_array"] * 1.001
    assert cut.bytes_moved <= once.bytes_moved * 1.001


def between(*middle, hardware="meteor_lake", image=(1, 64, 64, 64)):
    """The report of a node with weights between two 1x1 convolutions: (weights' shape, attributes)."""
    shape, attributes = middle
    g, ci = Builder(weights=False), image[1]
    x = g.op("Conv", g.input(*image), g.weight(shape[1] * attributes.get("group", 1), ci, 1, 1))
    y = g.op("Conv", x, g.weight(*shape), **attributes)
    graph = loaded(g.model(g.op("Conv", y, g.weight(shape[0], shape[0], 1, 1))))
    machine = load_hardware(hardware).replace({"tiles": TILES[hardware], "step.minimum_ns": 0.0})
    return next(n for n in simulate(graph, machine, "2026").nodes if n.name == y)


@pytest.mark.parametrize(
    ("taps_apart", "group", "hardware", "mac_us"),
    [
        (2, 1, "meteor_lake", 119.1),  # 5 x 5
        (2, 64, "panther_lake", 18.4),
        (6, 1, "meteor_lake", 287.9),  # 7 x 7, 1 x 7, 7 x 1, 1 x 1 and three additions
        (6, 64, "meteor_lake", 207.9),
        (6, 64, "panther_lake", 122.2),  # 13 x 13
    ],
)
def test_taps_that_lie_apart_are_spread_out_with_zeros(taps_apart, group, hardware, mac_us):
    attributes = {"dilations": [taps_apart] * 2, "pads": [taps_apart] * 4, "group": group}
    node = between((64, 64 // group, 3, 3), attributes, hardware=hardware)
    assert node.busy_us["mac_array"] == pytest.approx(mac_us, rel=0.3)


@given(
    taps=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    apart=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    limit=st.sampled_from([11, 15]),
)
def test_no_window_is_longer_than_the_limit_and_no_tap_is_lost(taps, apart, limit):
    work = MacWork(MacOp.CONVOLUTION, 32, 32, 64, 64, 32, 32, *taps)
    steps = [s for s in dilated(work, apart, limit) if s.op == MacOp.CONVOLUTION]
    spread = any(k > 1 and d > 1 for k, d in zip(taps, apart, strict=True))
    assert bool(steps) == spread
    assert all(max(s.kernel_h, s.kernel_w) <= limit for s in steps)
    if spread:
        kept = sum(s.kernel_h * s.kernel_w / s.weight_groups for s in steps)
        assert kept == pytest.approx(taps[0] * taps[1])


@pytest.mark.parametrize(
    ("image", "window", "taps_apart", "copies"),
    [
        ((128, 33, 33), (3, 3), 12, 8),  # all taps but the middle one, one by one
        ((64, 128, 128), (3, 3), 9, 4),  # windows of 10 and 1 along each axis
        ((64, 64, 64), (3, 3), 6, 4),  # windows of 7 and 1 along each axis
        ((128, 2000), (3,), 16, 2),
        ((64, 512), (7,), 2, 6),  # a line: taps one by one
        ((64, 512), (3,), 7, 2),  # but those 7 apart, windows of 8 and 1
        ((128, 33, 33), (3, 3), 5, 0),  # 11 x 11, in one
    ],
)
def test_parts_of_a_window_beyond_the_edge_read_an_image_of_their_own(image, window, taps_apart, copies):
    """Counted in Intel's schedules for NPU 4000: DDR to DDR, `conv_slice_in_*/input_concat1`."""
    pads = [taps_apart * (k // 2) for k in window] * 2
    attributes = {"pads": tuple(pads), "dilations": (taps_apart,) * len(window), "kernel_shape": window}
    weights = {"w": (image[0], image[0], *window)}
    graph = at_size.one_op("Conv", {"x": (1, *image)}, (1, *image), weights, attributes)
    plan = compile_graph(graph, load_hardware("lunar_lake"), load_profile("2026"))
    conv = plan.steps[-1]
    moves = [a for a in (plan.ask[t] for t in conv.tasks) if isinstance(a, DmaTask)]
    within = sum(a.nbytes for a in moves if a.source == a.destination == "ddr")
    # windows of several taps read rows around the image: 7 x 7 at 64 x 64 up to a fifth more
    assert within / (2 * prod(image)) == pytest.approx(copies, rel=0.12)


@pytest.mark.parametrize(
    ("image", "taps", "apart", "hardware", "megabytes"),
    [  # of Intel's schedules
        ((64, 56, 56), 7, 3, "meteor_lake", 4.50),  # windows of 10 and 7 of an image that nobody else reads
        ((64, 56, 56), 7, 3, "lunar_lake", 5.59),
        ((64, 56, 56), 7, 3, "panther_lake", 6.16),
        ((96, 28, 28), 7, 4, "lunar_lake", 4.99),  # of 9, 9 and 1
        ((96, 28, 28), 7, 4, "panther_lake", 2.34),  # of 13 and 9, over channels
        ((64, 64, 64), 3, 12, "meteor_lake", 8.96),  # one by one, the middle one of the image itself
    ],
)
def test_depthwise_taps_far_apart_move_what_they_do_in_intels_schedules(
    image, taps, apart, hardware, megabytes
):
    """1x1, for VAN's a 5x5, depthwise, 1x1: images with zeros beside them; weights of windows, not of all channels."""
    g, channels = Builder(weights=False), image[0]
    x = g.op("Conv", g.input(1, *image), g.weight(channels, channels, 1, 1), g.weight(channels))
    if apart == 3:
        x = g.op("Conv", x, g.weight(channels, 1, 5, 5), g.weight(channels), group=channels, pads=[2] * 4)
    window = {"group": channels, "dilations": [apart] * 2, "pads": [apart * (taps // 2)] * 4}
    x = g.op("Conv", x, g.weight(channels, 1, taps, taps), g.weight(channels), **window)
    graph = loaded(g.model(g.op("Conv", x, g.weight(channels, channels, 1, 1), g.weight(channels))))
    machine = load_hardware(hardware).replace({"tiles": TILES[hardware]})
    assert simulate(graph, machine, "2026").bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.03)


def test_parts_of_a_window_that_see_only_padding_are_left_out():
    """7 taps 4 apart over 7 places: the last of 3, 3 and 1 is; the first tap of the first sees nothing either."""
    work = MacWork(MacOp.DEPTHWISE, 7, 7, 128, 128, 7, 7, 7, 7)
    steps = dilated(work, (4, 4), 11, ((7, 7, 12), (7, 7, 12)))
    parts = [s for s in steps if isinstance(s, MacWork) and s.op == MacOp.DEPTHWISE]
    assert [(s.kernel_h, s.kernel_w) for s in parts] == [(9, 9)] * 4


@pytest.mark.parametrize("hardware", TILES)
def test_a_long_transposed_window_reads_its_image_spread_out_in_ddr(hardware):
    """256 channels of 100 places, a window of 16 at stride 8: zeros read, all written, copied, read by two slices."""
    g = Builder(weights=False)
    x = g.op("Relu", g.op("Conv", g.input(1, 256, 100), g.weight(256, 256, 3), pads=[1, 1]))
    y = g.op("ConvTranspose", x, g.weight(256, 128, 16), strides=[8], pads=[4, 4])
    graph = loaded(g.model(g.op("LeakyRelu", y, alpha=0.1)))
    machine = load_hardware(hardware).replace({"tiles": TILES[hardware]})
    node = next(n for n in simulate(graph, machine, "2026").nodes if n.name == y)
    image, weights = 2 * 256 * 800, 2 * 256 * 128 * 16
    assert node.bytes_moved == pytest.approx((1 + 1 + 2 + 2) * image + weights, rel=0.1)


@pytest.mark.parametrize(
    ("channels", "size", "hardware", "folds"),
    [
        (64, 96, "lunar_lake", True),  # 1,474,560 bytes and weights; a tile has 1,474,560
        (32, 96, "lunar_lake", False),
        (64, 96, "meteor_lake", False),
        (64, 128, "meteor_lake", True),
    ],
)
def test_a_first_layer_that_does_not_fit_padded_folds_its_columns(channels, size, hardware, folds):
    g = Builder(weights=False)
    x = g.op("Conv", g.input(1, 3, size, size), g.weight(channels, 3, 3, 3), pads=[1] * 4)
    graph = loaded(g.model(g.op("Conv", x, g.weight(channels, channels, 1, 1))))
    machine = load_hardware(hardware).replace({"tiles": TILES[hardware]})
    node = next(n for n in simulate(graph, machine, "2026").nodes if n.name == x)
    stored = node.bytes_moved / 2 / channels  # 16 x 9 weights and a table; 16 x 27, their map and 16 tables
    assert (stored > 16 * 27) == folds


@settings(max_examples=min(15, settings().max_examples), deadline=None)
@given(images=st.integers(2, 8), size=st.sampled_from([7, 14, 20, 28]))
def test_images_take_the_array_so_many_times_as_long_as_one(images, size):
    """But two on NPU 3720, which lie an image a tile: whole planes fill the grid better than halves."""
    one, all_of_them = (
        between((64, 64, 3, 3), {"pads": [1] * 4}, image=(n, 64, size, size)) for n in (1, images)
    )
    share = all_of_them.busy_us["mac_array"] / one.busy_us["mac_array"] / images
    assert (0.8 if images == 2 else 0.95) <= share <= 1.05


def test_shuffled_channels_are_a_pass_and_cross_ddr():
    """128 channels of 56 x 56: 26.3 us and 1.6 MB in Intel's schedules for NPU 3720."""
    g = Builder(weights=False)
    x = g.op("Conv", g.input(1, 64, 56, 56), g.weight(128, 64, 1, 1))
    x = g.op("Reshape", x, g.const([1, 2, 64, 56, 56]))
    y = g.op("Transpose", x, perm=[0, 2, 1, 3, 4])
    x = g.op("Reshape", y, g.const([1, 128, 56, 56]))
    graph = loaded(g.model(g.op("Conv", x, g.weight(64, 128, 1, 1))))
    machine = load_hardware("meteor_lake").replace({"tiles": 2})
    node = next(n for n in simulate(graph, machine, "2026").nodes if n.name == y)
    assert node.busy_us["mac_array"] == pytest.approx(26.3, rel=0.2)
    assert node.bytes_moved / 1e6 == pytest.approx(1.61, rel=0.05)


def test_on_npu_5010_the_four_windows_are_channels_of_one():
    """A window of 4 at stride 2 behind a convolution: 1x64x64x64 by 128x64x3x3 in Intel's schedule, 25.1 us."""
    found = report("deconv_64_32_4_2_64", "panther_lake")
    node = next(n for n in found.nodes if n.op_type == "ConvTranspose")
    assert node.lowering == "phases_at_once"
    assert node.busy_us["mac_array"] == pytest.approx(25.1, rel=0.35)


@pytest.mark.parametrize(
    ("rows", "columns", "at_once"),
    [(64, 64, True), (32, 128, True), (128, 32, True), (60, 60, False), (32, 80, False), (8, 8, False)],
)
def test_on_npu_5010_fewer_than_4096_places_are_four_convolutions(rows, columns, at_once):
    """Behind a convolution, 64 channels to 32 (`128x64x3x3`, or four of `32x64x2x2`, in Intel's schedules)."""
    g = Builder(weights=False)
    x = g.op("Conv", g.input(1, 16, rows, columns), g.weight(64, 16, 3, 3), pads=[1, 1, 1, 1])
    y = g.op("ConvTranspose", x, g.weight(64, 32, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
    found = simulate(loaded(g.model(g.op("Relu", y))), "panther_lake", "2026")
    node = next(n for n in found.nodes if n.op_type == "ConvTranspose")
    assert node.lowering == ("phases_at_once" if at_once else "by_phases")


def test_on_npu_5010_what_the_four_make_leaves_plane_by_plane():
    """Four of 64x128x2x2 and the passes at both ends, 25.27 us on the MAC array in Intel's schedule."""
    found = report("deconv_128_64_4_2_32", "panther_lake")
    assert found.nodes[-1].op_type == "MemPermute"
    assert sum(n.busy_us["mac_array"] for n in found.nodes) == pytest.approx(25.27, rel=0.1)


@pytest.mark.parametrize(
    ("window", "stride", "phases"),
    [(4, 2, True), (6, 2, False), (6, 3, False), (8, 2, False), (8, 4, False), (16, 8, False)],
)
def test_a_window_of_four_that_doubles_an_image_is_taken_apart(window, stride, phases):
    """No other that its stride divides: `upscale_in` in Intel's schedules of 32 channels at 16 to 24 pixels."""
    name = f"deconvx_1_64_20_20_by_64_32_{window}_{window}_with_{stride}_1"
    for hardware in ("meteor_lake", "lunar_lake", "panther_lake"):
        found = report(name, hardware)
        node = next(n for n in found.nodes if n.op_type == "ConvTranspose")
        assert (node.lowering in ("by_phases", "phases_at_once")) is phases


@pytest.mark.parametrize(
    ("op", "hardware", "microseconds"),
    [
        ("deconv_64_64_6_2_40", "meteor_lake", 530.4),
        ("deconv_64_64_6_2_40", "panther_lake", 109.5),
        ("deconv_32_32_8_2_32", "meteor_lake", 173.7),
        ("deconv_64_32_8_4_20", "panther_lake", 93.6),
        ("deconv_32_32_4_2_24", "meteor_lake", 44.2),  # as many channels as it reads, and few
        ("deconv_21_21_4_2_28", "meteor_lake", 53.4),
    ],
)
def test_only_windows_of_four_at_stride_two_and_several_channels_go_by_phases(op, hardware, microseconds):
    """Others meet the zeros between the inputs (one convolution behind `upscale_in` in Intel's schedules)."""
    found = report(op, hardware)
    assert found.latency_us == pytest.approx(microseconds, rel=0.25)
    node = next(n for n in found.nodes if n.op_type == "ConvTranspose")
    assert node.lowering in ("upsampled", "mac_array")


@pytest.mark.parametrize(
    ("line", "hardware", "microseconds", "megabytes"),
    [
        ("320_320_3_1_2000", "meteor_lake", 475.4, 10.94),
        ("320_320_3_1_2000", "panther_lake", 137.7, 11.02),
        ("384_384_5_1_1024", "meteor_lake", 401.5, 6.50),
        ("384_384_5_1_1024", "panther_lake", 104.2, 8.09),
    ],
)
def test_a_large_line_is_read_as_rows_with_what_is_around_them(line, hardware, microseconds, megabytes):
    machine = load_hardware(hardware).replace({"tiles": TILES[hardware], "step.minimum_ns": 0.0})
    graph = loaded(op_graphs.build(f"conv1d_{line}_1", weights=False))
    plan = compile_graph(graph, machine, load_profile("2026-as-released"))
    moves = [a for a in plan.ask if isinstance(a, DmaTask)]
    moved = sum(a.nbytes * ((a.source == "ddr") + (a.destination == "ddr")) for a in moves)
    assert moved / 1e6 == pytest.approx(megabytes, rel=0.25)
    assert simulate(graph, machine, "2026-as-released").latency_us == pytest.approx(microseconds, rel=0.35)


@pytest.mark.parametrize(
    ("op", "hardware", "microseconds", "slices"),
    [
        ("convx_1_64_8_28_28_by_64_64_1_3_3_with_1_1_1", "meteor_lake", 159.9, True),
        ("convx_1_64_16_14_14_by_128_64_1_3_3_with_2_1_1", "panther_lake", 27.0, True),
        ("convx_1_24_8_40_40_by_24_1_3_3_3_with_1_1_24", "meteor_lake", 205.9, True),
        ("convx_1_32_8_28_28_by_64_32_1_1_1_with_1_1_1", "meteor_lake", 44.7, False),
    ],
)
def test_three_axes_go_image_by_image_unless_the_window_is_a_point_of_each(
    op, hardware, microseconds, slices
):
    """A window one deep has no additions; one that is a point high and wide is one convolution of lines."""
    found = report(op, hardware)
    assert found.latency_us == pytest.approx(microseconds, rel=0.4)
    node = next(n for n in found.nodes if n.op_type == "Conv")
    assert node.lowering.startswith("by_depth") == slices


@pytest.mark.parametrize(("npu", "hardware"), [("3720", "meteor_lake"), ("5010", "panther_lake")])
def test_three_axes_are_two_for_each_image_and_tap(npu, hardware):
    """32 x 8 x 28 x 28 under 3 x 3 x 3, of 8 images 22 taps and 14 additions: 2.48 MB of DDR in Intel's schedule for
    NPU 3720, 2.53 for 5010 (images in and out and in, results out, and from one place in DDR to another)."""
    name = "convx_1_32_8_28_28_by_32_32_3_3_3_with_1_1_1"
    graph = loaded(op_graphs.build(name, weights=False))
    for profile in ("2026", "2026-as-released"):
        report = simulate(graph, load_hardware(hardware), profile)
        assert report.bytes_moved / 1e6 == pytest.approx({"3720": 2.475, "5010": 2.532}[npu], rel=0.05)
