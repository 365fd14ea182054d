"""Steps on planes cut together as in Intel's schedules (profile 2026-as-released)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from tests.compiler.planes.test_planes import block, chains, moved, only_a_skip_crosses
from tests.vendor.tables import graph_of

PROFILE = load_profile("2026-as-released")
HARDWARE = {n: load_hardware(n) for n in ("meteor_lake", "lunar_lake", "panther_lake")}


def planned(graph, name):
    return compile_graph(graph, HARDWARE[name], PROFILE)


@settings(max_examples=min(20, settings().max_examples))
@given(st.sampled_from([128, 180, 256]), st.sampled_from([32, 64]), st.sampled_from(sorted(HARDWARE)))
def test_what_steps_hand_on_inside_is_in_no_transfer(size, width, name):
    plan = planned(block(size, width), name)
    only_a_skip_crosses(plan, 2.0 * size * size * width, name)


def test_a_skip_arrives_for_each_of_its_readers():
    """upscaler_180 on NPU 5010: Conv_1 reads 4.8 MB, Add_4 4.1 again and Add_17 4.8, of a plane of 4.1."""
    plane = 64 * 180 * 180 * 2
    plan = planned(graph_of("nets", "upscaler_180"), "panther_lake")
    chain = chains(plan)[0]
    assert [s.node.op_type for s in chain] == ["Conv", "Conv", "Add"]
    assert 3.0 * plane <= moved(plan, f"{chain[0].node.inputs[0]}/load") <= 3.5 * plane


@pytest.mark.parametrize("name", sorted(HARDWARE))
def test_six_layers_of_a_mobilenet_are_one_group(name):
    """W7, W7 and W10 of Conv_2 to Conv_11 at 320 pixels on NPU 3720, 4000 and 5010."""
    first = chains(planned(graph_of("nets", "mobilenet_v2_320"), name))[0]
    assert [s.node.name.split("/")[0] for s in first] == [f"Conv_{n}" for n in (2, 4, 6, 7, 9, 11)]
    assert 5 <= first[0].pieces <= 12


def test_a_large_input_made_of_little_is_written_and_read_back_by_a_kernel():
    """mobilenet_v3_224 on NPU 4000: HardSwish_3's 2.4 MB, spilled and read in front of it; the smaller ones are not."""
    plan = planned(graph_of("nets", "mobilenet_v3_224"), "lunar_lake")
    crossing = {s.node.name.split("/")[0] for s in plan.steps if "no room in one place" in s.reason}
    assert crossing == {"HardSwish_3"}


@pytest.mark.parametrize(
    ("network", "name", "members"),
    [
        ("mobilenet_v3l_320", "meteor_lake", "HardSwish_1 Conv_2 Conv_4 Add_5 Conv_6 Conv_8 Conv_10"),
        ("efficientnet_lite0_320", "lunar_lake", "Conv_2 Conv_4 Conv_5 Conv_7"),
        ("mobilenet_v2w_224", "meteor_lake", "Conv_4 Conv_5"),
    ],
)
def test_what_fits_in_front_of_what_does_not_belongs_to_its_group(network, name, members):
    """As in Intel's schedules: Conv_6, Conv_5 and Conv_5 are the first that do not fit."""
    first = chains(planned(graph_of("nets", network), name))[0]
    assert [s.node.name.split("/")[0] for s in first] == members.split()


def test_what_a_window_and_an_addition_read_of_a_strip_crosses_ddr():
    """mobilenet_v3l_320 on NPU 3720: HardSwish_1 leaves 835 KB of 160 x 160 x 16, and Add_5 reads 824."""
    plan = planned(graph_of("nets", "mobilenet_v3l_320"), "meteor_lake")
    plane = 16 * 160 * 160 * 2
    first = chains(plan)[0][0]
    assert first.node.name.startswith("HardSwish_1")
    skip = first.node.outputs[0]
    assert moved(plan, f"{skip}/") == 2 * plane


def test_strips_that_begin_with_a_window_come_from_ddr():
    """efficientnet_lite0_320 on NPU 4000: 160 x 160 x 32 written by the first convolution, read with rows around them
    (1,638 and 1,764 KB)."""
    plan = planned(graph_of("nets", "efficientnet_lite0_320"), "lunar_lake")
    source = chains(plan)[0][0].node.inputs[0]
    plane = 32 * 160 * 160 * 2
    assert 2 * plane <= moved(plan, f"{source}/") <= 2.1 * plane


@pytest.mark.parametrize(
    ("network", "members"),
    [
        ("unet_deconv_256", "Conv_33 Conv_35 Conv_37"),
        ("ssd_300", "Conv_0 Conv_2 MaxPool_4 Conv_5 Conv_7 MaxPool_9"),
        ("residual_512", "Conv_0 Conv_3 Conv_6 Conv_9 Add_12 Conv_13"),
    ],
)
def test_strips_of_folded_columns_and_images_take_no_longer_than_the_whole(network, members):
    """On NPU 5010: H7 of 24 channels of 256 x 256; H6 of images of 300 and 512 pixels, read from DDR."""
    groups = chains(planned(graph_of("nets", network), "panther_lake"))
    assert members.split() in [[s.node.name.split("/")[0] for s in group] for group in groups]
