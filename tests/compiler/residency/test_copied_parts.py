"""Parts of a Concat that others read too are copied by a pooling of one tap where the whole stays inside."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.graph import Graph, Node
from npusim.simulation import simulate
from tests.compiler.residency.test_joined_images import HARDWARE, WINDOW, image, weight


def harmonic(size, channels, layers):
    """3x3 convolutions in a row; the results of all are joined, a 3x3 of the whole leaves the graph."""
    names = [f"t{i}" for i in range(layers)]
    values = [image("x", 32, size), image("j", layers * channels, size), image("y", 32, size)]
    values += [image(n, channels, size) for n in names]
    values += [weight("wy", 32, layers * channels, 3, 3)]
    nodes, last = [], ("x", 32)
    for n in names:
        values.append(weight(f"w{n}", channels, last[1], 3, 3))
        nodes.append(Node(f"Conv_{n}", "Conv", (last[0], f"w{n}"), (n,), WINDOW))
        last = (n, channels)
    nodes.append(Node("Concat", "Concat", tuple(names), ("j",), {"axis": 1}))
    nodes.append(Node("Conv_y", "Conv", ("j", "wy"), ("y",), WINDOW))
    return Graph("harmonic", tuple(nodes), {v.name: v for v in values}, ("x",), ("y",), opset=20)


def report(graph, npu, profile="2026-as-released"):
    """Its prediction."""
    return simulate(graph, load_hardware(HARDWARE[npu]), profile, band=False)


def copies(found):
    """The nodes that copy parts."""
    return [n for n in found.nodes if "/copied" in n.name]


@pytest.mark.parametrize("npu", HARDWARE)
def test_a_part_that_is_read_twice_is_copied_inside(npu):
    """Two 3x3 convolutions of 64 channels at 44 x 44, joined: `inserted_AVG_Pooling` behind the first, and nothing but
    the image, the result and weights crosses DDR (0.74 to 0.76 MB in Intel's schedules of the three NPUs)."""
    found = report(harmonic(44, 64, 2), npu)
    assert [n.engine for n in copies(found)] == ["mac_array"]
    assert not any(t.source == "ddr" for t in found.tasks if t.node in ("Concat", copies(found)[0].name))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@settings(max_examples=15, deadline=None)
@given(layers=st.integers(1, 5), channels=st.sampled_from([16, 32, 48]), npu=st.sampled_from(list(HARDWARE)))
def test_all_parts_but_the_last_are_copied(profile, layers, channels, npu):
    """Of a chain that fits, each result but the last has a second reader."""
    assert len(copies(report(harmonic(32, channels, layers), npu, profile))) == layers - 1


@pytest.mark.parametrize("npu", HARDWARE)
def test_a_large_whole_is_put_together_in_ddr(npu):
    """64 channels at 128 x 128 twice: all parts are written, none copied by the array."""
    assert not copies(report(harmonic(128, 64, 2), npu))


SMALL = [(14, 3, "5010", 0), (28, 3, "5010", 0), (14, 2, "5010", 1), (32, 3, "5010", 2), (14, 3, "4000", 2)]


@pytest.mark.parametrize(("size", "layers", "npu", "copied"), [*SMALL, (14, 3, "3720", 2)])
def test_three_small_parts_are_put_together_in_ddr_on_npu_5010(size, layers, npu, copied):
    """As the last stages of VoVNet and the poolings of YOLO; two parts, and larger planes, are copied inside. Profile
    2026 copies all."""
    assert len(copies(report(harmonic(size, 32, layers), npu))) == copied
    assert len(copies(report(harmonic(size, 32, layers), npu, "2026"))) == layers - 1
