"""A border of an image's own values: read again by address where there are channels enough, else copied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor import op_graphs
from tests.vendor.builder import Builder

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def report(graph, hardware, profile="2026-as-released"):
    machine = load_hardware(hardware).replace({"tiles": TILES[hardware], "step.minimum_ns": 0.0})
    return simulate(loaded(graph), machine, profile, band=False)


def convolved(channels, size, pads, mode):
    """A 3x3 convolution behind another one, its border `pads` wide, of zeros of its own or of a Pad in front."""
    g = Builder(weights=False)
    x = g.op("Conv", g.input(1, 64, size, size), g.weight(channels, 64, 1, 1))
    own = {}
    if mode:
        x = g.op("Pad", x, g.const([0, 0, *pads] * 2), g.const(0.0), mode=mode)
    else:
        own = {"pads": [*pads, *pads]}
    return g.model(g.op("Conv", x, g.weight(64, channels, 3, 3), **own))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@given(
    channels=st.sampled_from([48, 64, 128]), size=st.sampled_from([28, 56]), rows=st.integers(0, 3),
    columns=st.integers(1, 3), mode=st.sampled_from(["reflect", "edge"]),
    hardware=st.sampled_from(["lunar_lake", "panther_lake"]),
)  # fmt: skip
def test_in_front_of_a_convolution_it_costs_what_zeros_cost(
    channels, size, rows, columns, mode, hardware, profile
):
    """No task at all in Intel's schedules of NPU 4000 and 5010."""
    ours, zeros = (
        report(convolved(channels, size, (rows, columns), m), hardware, profile) for m in (mode, "")
    )
    assert ours.latency_us == zeros.latency_us and ours.bytes_moved == zeros.bytes_moved


@pytest.mark.parametrize(
    ("channels", "hardware"), [(32, "panther_lake"), (32, "lunar_lake"), (64, "meteor_lake")]
)
def test_few_channels_and_npu_3720_copy_it(channels, hardware):
    found = report(convolved(channels, 48, (1, 1), "reflect"), hardware)
    assert next(n for n in found.nodes if n.op_type == "Pad").engine == "dma"


@pytest.mark.parametrize(
    ("name", "microseconds", "engine"),
    [
        ("pad_reflect_0_0_3_3_with_1_64_200_200", 206.5, "mac_array"),
        ("pad_reflect_0_0_1_1_with_1_256_64_64", 118.6, "mac_array"),
        ("pad_edge_0_0_1_1_with_1_64_56_56", 26.7, "mac_array"),
        ("pad_reflect_0_0_1_1_with_1_16_56_56", 3.5, "dma"),
        ("pad_reflect_0_0_20_with_1_40_2000", 7.1, "dma"),
    ],
)
def test_alone_it_is_a_pass_on_npu_5010(name, microseconds, engine):
    found = report(op_graphs.build(name, weights=False), "panther_lake")
    assert found.latency_us == pytest.approx(microseconds, rel=0.35)
    assert next(n for n in found.nodes if n.op_type == "Pad").engine == engine


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("hardware", ["lunar_lake", "panther_lake"])
def test_a_mirrored_border_begins_a_group(hardware, profile):
    """Two 3x3 of 64 channels at 256 x 256 go together where zeros surround what passes between; where its own values
    do, it is written and read again (8.4 MB each way: VGG's first stage in AdaIN)."""

    def pair(mode):
        g = Builder(weights=False)
        x = g.op("Conv", g.input(1, 64, 256, 256), g.weight(64, 64, 3, 3), pads=[1] * 4)
        if mode:
            x = g.op("Pad", x, g.const([0, 0, 1, 1] * 2), g.const(0.0), mode=mode)
        x = g.op("Conv", x, g.weight(64, 64, 3, 3), pads=[0 if mode else 1] * 4)
        return g.model(g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))

    mirrored, zeros = (report(pair(mode), hardware, profile) for mode in ("reflect", ""))
    plane = 2 * 64 * 256 * 256
    assert mirrored.bytes_moved >= zeros.bytes_moved + 1.9 * plane
