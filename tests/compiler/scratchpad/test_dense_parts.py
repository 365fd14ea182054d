"""What dense blocks join is read part by part where one part lies in DDR in strips."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv_relu

HARDWARE = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def dense(size, growth, layers=3):
    """A 3x3 to 64 channels, then layers of which each reads all in front of it; a 3x3 of them all."""
    g = Builder(weights=False)
    parts = [conv_relu(g, g.input(1, 16, size, size), 16, 64)]
    for i in range(layers):
        x = g.op("Concat", *parts, axis=1) if i else parts[0]
        parts.append(conv_relu(g, x, 64 + growth * i, growth))
    return g.model(conv_relu(g, g.op("Concat", *parts, axis=1), 64 + growth * layers, 64))


def copied(size, growth, hardware, profile):
    machine = load_hardware(hardware).replace({"tiles": HARDWARE[hardware]})
    found = simulate(loaded(dense(size, growth)), machine, profile, band=False)
    return sum(n.bytes_moved for n in found.nodes if n.op_type == "Concat")


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("hardware", HARDWARE)
def test_no_whole_is_put_together(hardware, profile):
    """At 224 x 224 every layer is cut in strips (ESRGAN at 160 pixels on NPU 3720 and 5010, RDN on all three)."""
    assert copied(224, 32, hardware, profile) == 0


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("hardware", HARDWARE)
def test_parts_of_no_whole_sixteens_are_copied(hardware, profile):
    """12 channels a layer, of FC-DenseNet."""
    assert copied(224, 12, hardware, profile) > 0
