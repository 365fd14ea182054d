"""Plain stacks of convolutions and kernels: strips, groups, rows around each tile's own."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.graph import DType, Graph, Node, Value
from npusim.simulation import simulate
from tests.vendor.tables import graph_of

HARDWARE = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}
PROFILES = ["2026", "2026-as-released"]


def sloped(size, width, depth, image=3):
    """A convolution of an image, then PRelu of several slopes and 3x3 convolution by turns."""
    shape = (1, width, size, size)
    values = {"x": Value("x", (1, image, size, size), DType.FLOAT16)}
    nodes, last = [], "x"
    for i in range(depth + 1):
        weight, out = f"w{i}", f"c{i}"
        ci = values[last].shape[1]
        values[weight] = Value(weight, (width, ci, 3, 3), DType.FLOAT16, constant=True)
        values[out] = Value(out, shape, DType.FLOAT16)
        window = {"kernel_shape": (3, 3), "pads": (1,) * 4}
        nodes.append(Node(f"Conv_{i}", "Conv", (last, weight), (out,), window))
        last = out
        if i < depth:
            slope, out = f"a{i}", f"p{i}"
            values[slope] = Value(slope, (width, 1, 1), DType.FLOAT16, constant=True)
            values[out] = Value(out, shape, DType.FLOAT16)
            nodes.append(Node(f"PRelu_{i}", "PRelu", (last, slope), (out,)))
            last = out
    return Graph("sloped", tuple(nodes), values, ("x",), (last,), opset=20)


def report(graph, npu, profile="2026"):
    """Its prediction."""
    return simulate(graph, load_hardware(HARDWARE[npu]), profile, band=False)


def groups(found):
    """(how many strips, how many steps) of each group."""
    texts = (re.search(r"cut together in (\d+) strips \((.*?)\)", n.reason) for n in found.nodes)
    named = [(int(m[1]), len(m[2].split(", "))) for m in texts if m]
    whole = []
    while named:
        whole.append(named[0])
        named = named[named[0][1] :]
    return whole


@pytest.mark.parametrize("profile", PROFILES)
def test_five_and_three_steps_by_turns(profile):
    """64 channels at 128 x 128 on NPU 3720: five steps, three, four, each in 3 strips, there and here; 15.8 MB."""
    found = report(sloped(128, 64, 6), "3720", profile)
    assert groups(found) == [(3, 5), (3, 3), (3, 4)]


@pytest.mark.parametrize("npu,strips", [("4000", 4), ("5010", 4)])
def test_a_kernel_goes_with_the_convolution_in_front_of_it_alone(npu, strips):
    """64 channels at 160 x 160: H4 of Conv and PRelu, five times, on both; a 3x3 reads the kernel's result from DDR."""
    assert groups(report(sloped(160, 64, 6), npu)) == [(strips, 2)] * 5


def test_rows_around_each_tiles_own_arrive_too():
    """64 channels at 96 x 96: 1.328 MB with 0.075 of weights on NPU 4000, 1.304 on 5010, 1.254 on 3720, had it to."""
    for npu, tiles in (("4000", 4), ("5010", 3)):
        found = report(sloped(96, 64, 3), npu)
        loads = [
            t.nbytes
            for t in found.tasks
            if t.node == "Conv_2" and "weights" not in t.name and t.source == "ddr"
        ]
        row = 96 * 64 * 2
        assert sum(loads) == pytest.approx((96 + 2 * (tiles - 1)) * row)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([64, 96, 128]), st.sampled_from([32, 64]), st.sampled_from(sorted(HARDWARE)))
def test_twice_the_kernels_move_at_most_about_twice_as_much(size, width, npu):
    one, two = (report(sloped(size, width, n), npu).bytes_moved for n in (4, 8))
    assert one <= two <= 2.5 * one


@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_a_padded_image_is_cut_with_what_follows(npu):
    """vgg11_232: the convolution of the image, pooling and on are one group (W5, W4); 232 columns are not folded."""
    first = groups(report(graph_of("nets", "vgg11_232"), npu))[0]
    names = [n.name for n in report(graph_of("nets", "vgg11_232"), npu).nodes if "cut together" in n.reason]
    assert names[0] == "Conv_0" and first[1] >= 2


@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_two_kernels_go_together(npu):
    """RLFN's gate on 52 x 180 x 320: Sigmoid reads 5,990 KB, Mul 5,990 and writes as many, in Intel's schedules."""
    found = report(graph_of("nets", "rlfn_x4_180x320"), npu)
    moved = {"Sigmoid_17": 0.0, "Mul_18": 0.0}
    for t in found.tasks:
        if t.node in moved and t.source != t.destination:
            moved[t.node] += t.nbytes / 1e3
    assert moved["Sigmoid_17"] + moved["Mul_18"] == pytest.approx(3 * 5990, rel=0.03)
