"""Denoisers and U-Nets: grey images, single channels, and planes that a convolution takes in pieces."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, MacTask
from npusim.compiler.rules.profile import load_profile
from tests.compiler.planes.test_planes import chains, moved
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.enlarging import coloured_unet, denoiser
from tests.vendor.nets.layers import conv
from tests.vendor.nets.small_kinds import srcnn

PROFILE = load_profile("2026-as-released")
HARDWARE = {n: load_hardware(n) for n in ("meteor_lake", "lunar_lake", "panther_lake")}


def planned(made, name):
    g = Builder(weights=False)
    return compile_graph(loaded(g.model(made(g))), HARDWARE[name], PROFILE)


@pytest.mark.parametrize("name", sorted(HARDWARE))
def test_columns_of_a_grey_image_are_channels_and_nothing_turns_it(name):
    """SRCNN's 9 x 9 at 160 pixels: 1,024 results of 16 columns by windows of 9 x 3 (170, 61 and 47 us)."""
    plan = planned(lambda g: srcnn(g, 160), name)
    assert [s.node.op_type for s in plan.steps[:2]] == ["Conv", "Conv"]
    ask = plan.ask[plan.label.index("Conv_0")]
    assert isinstance(ask, MacTask)
    work = ask.alternatives[0][0]
    assert (work.in_c, work.out_c, work.kernel_h, work.kernel_w) == (16, 1024, 9, 3)


@pytest.mark.parametrize("name", ["lunar_lake", "meteor_lake"])
def test_a_convolution_to_a_single_channel_is_cut_by_itself(name):
    """The last one of a denoiser at 160 pixels, in none of Intel's groups."""
    groups = chains(planned(lambda g: denoiser(g, 160, 64, 5), name))
    assert groups and all(s.node.name != "Conv_8" for group in groups for s in group)


def test_a_large_image_reaches_a_convolution_in_pieces_through_ddr():
    """64 channels enlarged to 176 x 176 on NPU 4000: written, and read for three strips."""
    plan = planned(lambda g: coloured_unet(g, 176, 32, 1, "nearest"), "lunar_lake")
    (enlarged,) = (s.node for s in plan.steps if s.node.op_type == "Resize")
    nbytes = 64 * 176 * 176 * 2
    assert moved(plan, f"{enlarged.outputs[0]}/write") == nbytes
    assert nbytes <= moved(plan, f"{enlarged.outputs[0]}/load") <= 1.1 * nbytes


def enlarged(channels, side, times):
    """A convolution of 32 channels, its result enlarged linearly, which leaves the graph."""

    def made(g):
        x = g.op("Relu", conv(g, g.input(1, 32, side, side), 32, channels, 3))
        sizes = g.const([1, channels, side * times, side * times])
        return g.op("Resize", x, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")

    return made


@pytest.mark.parametrize(
    ("channels", "side", "times", "name", "crosses"),
    [
        (19, 64, 4, "lunar_lake", True),
        (19, 64, 4, "panther_lake", True),
        (64, 80, 2, "lunar_lake", True),
        (64, 64, 2, "lunar_lake", False),
        (128, 40, 2, "lunar_lake", False),
    ],
)
def test_an_image_crosses_ddr_between_its_axes_where_both_do_not_fit_in_sixteens(
    channels, side, times, name, crosses
):
    """19 channels of 64 x 64 by four hold 32 of 64 x 256, 5.2 MB with the result, where a tile has 1.3 of them."""
    plan = planned(enlarged(channels, side, times), name)
    filled = -(-channels // 16) * 16 * side * side * times * 2
    assert (moved(plan, "Resize_2/partial") >= 2 * filled) == crosses


@pytest.mark.parametrize(
    ("channels", "side", "times", "wanted"), [(19, 80, 4, True), (19, 40, 8, False), (32, 64, 4, True)]
)
def test_large_images_are_enlarged_line_by_line_where_nothing_reads_by_address(channels, side, times, wanted):
    """19 channels of 80 x 80 by four on NPU 3720: two lines of 32 channels for each, and their weights."""
    plan = planned(enlarged(channels, side, times), "meteor_lake")
    assert any(s.lowering == "by_lines" for s in plan.steps) == wanted
    filled = -(-channels // 16) * 16 * side * side * 2
    rows = moved(plan, "Resize_2/rows/")
    # made once, read twice by columns; weights a line and tile
    assert rows == (3 * times * filled + 2 * 32 * 16 * side * times) * wanted


@pytest.mark.parametrize(("side", "in_ddr"), [(48, False), (52, True), (64, True)])
@pytest.mark.parametrize("name", ["lunar_lake", "panther_lake"])
@pytest.mark.parametrize("transposed", [True, False])
def test_an_enlarged_part_is_joined_inside_where_the_whole_fits_into_a_tile(side, in_ddr, name, transposed):
    """64 channels of 96 x 96, 104 x 104 and 128 x 128: 1.2, 1.4 and 2.1 MB beside tiles of 1.47."""

    def made(g):
        x = g.op("Relu", conv(g, g.input(1, 32, side, side), 32, 32, 3))
        if transposed:
            x = g.op("ConvTranspose", x, g.weight(32, 32, 2, 2), g.weight(32), strides=[2, 2])
        else:
            x = g.op("Resize", x, "", "", g.const([1, 32, 2 * side, 2 * side]), mode="linear")
        skip = g.op("Relu", conv(g, g.input(1, 16, 2 * side, 2 * side), 16, 32, 3))
        return conv(g, g.op("Concat", x, skip, axis=1), 64, 32, 3)

    plan = planned(made, name)
    part = 32 * (2 * side) ** 2 * 2
    (enlarged_part, skip) = next(s.node.inputs for s in plan.steps if s.node.op_type == "Concat")
    for name_of_part in (enlarged_part, skip):
        assert moved(plan, f"{name_of_part}/write") == part * in_ddr


def test_tokens_seen_as_an_image_are_spread_out_as_that_image():
    """256 channels of 64 x 64 behind a transformer (SAM's mask decoder, NPU 3720): 8.4 MB of zeros, 2.1 between."""

    def made(g):
        x = g.op("Transpose", g.input(1, 4096, 256), perm=[0, 2, 1])
        x = g.op("Reshape", x, g.const([1, 256, 64, 64]))
        return g.op("ConvTranspose", x, g.weight(256, 64, 2, 2), g.weight(64), strides=[2, 2])

    plan = planned(made, "meteor_lake")
    spread = [moved(plan, f"ConvTranspose_2/upsampled/{n}") for n in ("zeros", "between")]
    assert spread == [256 * 128 * 128 * 2, 5 / 2 * 256 * 64 * 64 * 2]


@pytest.mark.parametrize("name", sorted(HARDWARE))
def test_an_image_that_a_kernel_interpolates_crosses_ddr_on_both_sides(name):
    """64 channels of 28 x 28 to 48 x 48 between convolutions: 1.2 MB in all by Intel's schedules of the three NPUs."""

    def made(g):
        x = g.op("Relu", conv(g, g.input(1, 32, 28, 28), 32, 64, 3))
        return conv(g, g.op("Resize", x, "", "", g.const([1, 64, 48, 48]), mode="linear"), 64, 32, 3)

    plan = planned(made, name)
    (resized,) = (s for s in plan.steps if s.node.op_type == "Resize")
    assert resized.engine == "dsp"
    before, after = 64 * 28 * 28 * 2, 64 * 48 * 48 * 2
    assert moved(plan, f"{resized.node.inputs[0]}/write") == before
    assert moved(plan, f"{resized.node.outputs[0]}/write") == after
    assert after <= moved(plan, f"{resized.node.outputs[0]}/load") <= 1.3 * after


def between_corners(channels, side, to, behind=True):
    """An image enlarged linearly, its corners those of the result, between convolutions or as it leaves the graph."""

    def made(g):
        x = conv(g, g.op("Relu", conv(g, g.input(1, 16, side, side), 16, 64, 3)), 64, channels, 1)
        sizes = g.const([1, channels, to, to])
        x = g.op("Resize", x, "", "", sizes, mode="linear", coordinate_transformation_mode="align_corners")
        return conv(g, x, channels, 32, 3) if behind else x

    return made


def plan_bytes(plan):
    """All that crosses DDR."""
    return sum(
        a.nbytes for a in plan.ask if isinstance(a, DmaTask) and {a.source, a.destination} != {"scratchpad"}
    )


def windows(plan):
    """The windows that enlarge."""
    tasks = [
        a
        for a, n in zip(plan.ask, plan.label, strict=True)
        if n.startswith("Resize") and isinstance(a, MacTask)
    ]
    return {(w.kernel_h, w.kernel_w) for a in tasks for w, _ in a.alternatives}


def the_resize(plan):
    return next(s for s in plan.steps if s.node.op_type == "Resize")


@pytest.mark.parametrize("name", sorted(HARDWARE))
def test_corners_that_stay_corners_make_twice_as_many_pixels_no_whole_factor(name):
    """64 x 40 x 40 to 80 x 80 is a kernel by Intel's schedules (0.82 MB written and read), to 79 x 79 are windows."""
    kernel = planned(between_corners(64, 40, 80), name)
    assert the_resize(kernel).engine == "dsp"
    assert moved(kernel, f"{the_resize(kernel).node.outputs[0]}/write") == 64 * 80 * 80 * 2
    assert the_resize(planned(between_corners(64, 40, 79), name)).engine == "mac_array"


def test_pixels_between_those_of_the_image_are_one_window_of_the_factor():
    """64 x 33 x 33 to 65 x 65: two copies of 66 x 33 and 66 x 66 pixels on NPU 3720, 64 x 2 x 2 on 4000."""
    plan = planned(between_corners(64, 33, 65), "meteor_lake")
    copies = [a for a in plan.ask if isinstance(a, DmaTask) and a.source == a.destination == "ddr"]
    assert sum(a.nbytes for a in copies) == 66 * 33 * 64 * 2 + 66 * 66 * 64 * 2
    assert windows(planned(between_corners(64, 33, 65), "lunar_lake")) == {(2, 2)}


@pytest.mark.parametrize(("side", "to", "crossings"), [(33, 257, 3), (45, 181, 1)])
def test_a_kernel_makes_channels_last_by_whole_factors(side, to, crossings):
    """21 x 257 x 257 leaves NPU 3720 by way of DDR and the DMA that turns it (8.56 MB in all, 2.77 each way), 21 x 181
    x 181 channels first (1.78 MB)."""
    plan = planned(between_corners(21, side, to, behind=False), "meteor_lake")
    nbytes = 21 * to * to * 2
    assert crossings * nbytes < plan_bytes(plan) < crossings * nbytes + 450_000


@pytest.mark.parametrize(
    ("name", "times", "engine"),
    [("lunar_lake", 12, "dsp"), ("panther_lake", 12, "mac_array"), ("panther_lake", 16, "dsp")],
)
def test_windows_that_read_at_addresses_have_so_many_taps(name, times, engine):
    """32 x 11 x 11 between corners by 16 on NPU 5010, 10 x 10 by 12 between middles on both."""
    plan = planned(between_corners(32, 11, 1 + 10 * times), name)
    assert the_resize(plan).engine == engine


def test_one_pixel_is_the_same_everywhere():
    """The pooled branch of a DeepLab: windows of one tap along each axis (256 x 1 x 1 to 33 x 33)."""

    def made(g):
        x = g.op("GlobalAveragePool", conv(g, g.input(1, 32, 16, 16), 32, 256, 3))
        return g.op("Resize", x, "", "", g.const([1, 256, 33, 33]), mode="linear")

    assert windows(planned(made, "lunar_lake")) == {(1, 1)}


@pytest.mark.parametrize("name", sorted(HARDWARE))
@pytest.mark.parametrize("leaves", [True, False])
def test_an_image_made_larger_line_by_line_is_turned_to_planes_as_it_leaves_the_graph(name, leaves):
    """21 channels of 24 x 24 by sixteen: two passes with DDR between them, by the DMA on NPU 5010."""

    def made(g):
        y = enlarged(21, 24, 16)(g)
        return y if leaves else conv(g, y, 21, 16, 3)

    plan = planned(made, name)
    assert sum(s.lowering == "by_lines" for s in plan.steps) == 2
    out = 21 * 384 * 384 * 2
    assert moved(plan, "Resize_2/columns/write") == leaves * out
    trips = 0 if name == "panther_lake" else 2  # of what the first of two passes makes
    inside = moved(plan, "Resize_2/planes/1") + moved(plan, "Resize_2/planes/2")
    assert inside == leaves * trips * out


@pytest.mark.parametrize(
    ("name", "side", "large", "wanted"),
    [
        ("lunar_lake", 24, 384, True),
        ("lunar_lake", 16, 256, False),
        ("lunar_lake", 33, 513, False),
        ("panther_lake", 22, 352, True),
        ("panther_lake", 33, 513, False),
        ("meteor_lake", 33, 513, True),
    ],
)
def test_kernels_of_whole_factors_go_by_lines_where_windows_read_at_addresses(name, side, large, wanted):
    """21 channels: by sixteen they go where they are more than all scratchpads, 33 to 513 on NPU 3720 alone."""

    def made(g):
        x = conv(g, g.input(1, 32, side, side), 32, 21, 1)
        sizes = g.const([1, 21, large, large])
        return g.op("Resize", x, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")

    assert any(s.lowering == "by_lines" for s in planned(made, name).steps) == wanted
