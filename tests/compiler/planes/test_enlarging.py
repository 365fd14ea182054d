"""Denoisers and U-Nets: grey images, single channels, and planes that a convolution takes in pieces."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import MacTask
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
