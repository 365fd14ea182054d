"""Steps on large planes cut together in strips: what they move, how often they compute, and where it is not done."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Graph, Node, Value
from npusim.pricing import timeline

HARDWARE = {n: load_hardware(n) for n in ("meteor_lake", "lunar_lake", "panther_lake")}
PROFILE = load_profile("2026-as-released")
hardware = st.sampled_from(sorted(HARDWARE))
sizes = st.sampled_from([128, 180, 256, 304])
channels = st.sampled_from([32, 64, 96])


def block(size, width, steps=("Conv", "Conv", "Add"), kernel=3):
    """A chain on [1, width, size, size] behind a first convolution; an Add takes the chain's input."""
    shape, pad = (1, width, size, size), kernel // 2
    values = {"x": Value("x", (1, 16, size, size), DType.FLOAT16)}
    nodes, last = [], "x"
    for i, op in enumerate(("Conv", *steps)):
        inputs, attributes = [last], {}
        if op == "Conv":
            w, ci = f"w{i}", values[last].shape[1]
            values[w] = Value(w, (width, ci, kernel, kernel), DType.FLOAT16, constant=True)
            inputs.append(w)
            attributes = {"kernel_shape": (kernel, kernel), "pads": (pad,) * 4}
        elif op == "Add":
            inputs.append("s0")
        last = f"s{i}"
        values[last] = Value(last, shape, DType.FLOAT16)
        nodes.append(Node(f"{op}_{i}", op, tuple(inputs), (last,), attributes))
    return Graph("block", tuple(nodes), values, ("x",), (last,), opset=20)


def planned(graph, hw):
    return compile_graph(graph, hw, PROFILE)


def together(plan):
    return [s for s in plan.steps if "cut together" in s.reason]


def moved(plan, start):
    return sum(a.nbytes for a, n in zip(plan.ask, plan.label, strict=True) if n.startswith(start))


def chains(plan):
    """The steps of each chain."""
    steps, found = together(plan), []
    while steps:
        count = len(re.search(r"strips \(([^)]*)\)", steps[0].reason)[1].split(", "))
        found.append(steps[:count])
        steps = steps[count:]
    return found


def only_a_skip_crosses(plan, plane_bytes, name):
    """Of what the steps of a block cut together hand on only the skip to its addition is moved: always on NPU 3720, on
    the others where the tiles hold other rows of it, some of them twice."""
    for chain in chains(plan):
        assert len({s.pieces for s in chain}) == 1 < chain[0].pieces
        for step in chain[:-1]:
            most = 2.0 * plane_bytes if step.node.outputs[0] == "s0" else 0.0
            least, most = (most, most) if name == "meteor_lake" else (0.0, 1.25 * most)
            assert least <= moved(plan, f"{step.node.outputs[0]}/") <= most


@settings(max_examples=min(25, settings().max_examples))
@given(sizes, channels, hardware)
def test_what_steps_hand_on_inside_is_in_no_transfer(size, width, name):
    plan = planned(block(size, width), HARDWARE[name])
    only_a_skip_crosses(plan, 2.0 * size * size * width, name)


@settings(max_examples=min(25, settings().max_examples))
@given(sizes, channels, hardware)
def test_a_chain_moves_what_enters_and_leaves_and_little_twice(size, width, name):
    plan = planned(block(size, width), HARDWARE[name])
    for chain in chains(plan):
        own = {plan.steps.index(s) for s in chain}
        loads = [i for i, n in enumerate(plan.label) if n.endswith("/load") and plan.step[i] in own]
        made = {n for s in chain for n in s.node.outputs}
        loads = [i for i in loads if plan.label[i].removesuffix("/load") not in made]
        names = {plan.label[i].removesuffix("/load") for i in loads}
        outside = sum(plan.graph.values[n].npu_bytes for n in names)
        readers = sum(n in step.node.inputs for n in names for step in chain)
        assert outside * 0.999 <= sum(plan.ask[i].nbytes for i in loads) <= (0.7 + max(1, readers)) * outside


def test_a_residual_block_of_180_pixels_is_one_chain_in_intels_number_of_strips():
    """64 channels, NPU 5010: Conv, Conv, Add in W6 (upscaler_180 in its schedules); the skip arrives once more."""
    plan = planned(block(180, 64), HARDWARE["panther_lake"])
    steps = together(plan)
    assert [s.node.op_type for s in steps][-3:] == ["Conv", "Conv", "Add"]
    assert 4 <= steps[-1].pieces <= 9
    plane = 64 * 180 * 180 * 2
    assert 1.0 * plane <= moved(plan, "s3/write") <= 1.01 * plane


def test_small_planes_are_left_alone():
    assert not together(planned(block(56, 64), HARDWARE["panther_lake"]))


@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake"])
def test_kernels_run_behind_a_convolution_strip_by_strip(name):
    plan = planned(block(304, 32, ("Conv", "HardSwish")), HARDWARE[name])
    assert [s.node.op_type for s in together(plan)][-2:] == ["Conv", "HardSwish"]


def test_a_window_reads_a_kernels_result_through_ddr_on_lunar_lake():
    """Intel's schedules of MobileNet-v3 and detectors: Swish out, read back with the halo; 1x1 convolutions go on."""
    for kernel, crosses in ((3, True), (1, False)):
        plan = planned(block(56, 32, ("HardSwish", "Conv"), kernel), HARDWARE["lunar_lake"])
        assert (moved(plan, "s1/") > 0) == crosses


@settings(max_examples=min(15, settings().max_examples))
@given(st.sampled_from([180, 256]), st.sampled_from([32, 64]), hardware)
def test_a_further_tile_never_slows_a_chain(size, width, name):
    hw = HARDWARE[name]
    graph = block(size, width)
    times = [
        float(timeline(planned(graph, at), at).latency_ns)
        for at in (hw.replace({"tiles": n}) for n in range(1, int(hw.tiles_max) + 1))
    ]
    # of more tiles than there are some hold other rows of a skip than their addition needs (six: 780 and 810 us)
    assert all(b <= (1.02 if n <= hw.tiles else 1.05) * a for n, (a, b) in enumerate(pairwise(times), 2))


def test_a_part_that_others_read_is_copied_into_a_large_concat():
    """A U-Net's skip is written once for its pooling and copied for its Concat (unet_seg: 4.2 MB from DDR to DDR)."""
    graph = block(256, 32, ("Conv",))
    values, nodes = dict(graph.values), list(graph.nodes)
    values["cat"] = Value("cat", (1, 64, 256, 256), DType.FLOAT16)
    values["w"] = Value("w", (16, 64, 1, 1), DType.FLOAT16, constant=True)
    values["y"] = Value("y", (1, 16, 256, 256), DType.FLOAT16)
    nodes.append(Node("cat", "Concat", ("s0", "s1"), ("cat",), {"axis": 1}))
    nodes.append(Node("y", "Conv", ("cat", "w"), ("y",), {"kernel_shape": (1, 1)}))
    graph = Graph("skip", tuple(nodes), values, ("x",), ("y",), opset=20)
    plan = planned(graph, HARDWARE["panther_lake"])
    assert moved(plan, "s0/copy") == 32 * 256 * 256 * 2
    assert moved(plan, "s1/copy") == 0


def image_net(size, channels_in):
    """A first convolution on an image of few channels, and another behind it."""
    graph = block(size, 32, ("Conv",))
    values = dict(graph.values)
    values["x"] = Value("x", (1, channels_in, size, size), DType.FLOAT16)
    values["w0"] = Value("w0", (32, channels_in, 3, 3), DType.FLOAT16, constant=True)
    return Graph("image", graph.nodes, values, graph.inputs, graph.outputs, opset=20)


@pytest.mark.parametrize(
    ("name", "size", "together_with"),
    [
        ("meteor_lake", 256, False),
        ("lunar_lake", 256, False),
        ("panther_lake", 256, True),
        ("panther_lake", 416, True),
    ],
)
def test_the_convolution_of_an_image_stands_alone_but_on_npu_5010(name, size, together_with):
    """Intel's schedules: 32 channels of a grey image at 256 to 416 pixels are cut together with the next on NPU 5010
    only (VF4, VF7, VF12)."""
    plan = planned(image_net(size, 1), HARDWARE[name])
    assert any(s.node.name == "Conv_0" for s in together(plan)) == together_with


def swish_block(size, width):
    """1x1 half the channels, Swish, 3x3, Swish, Add: the block of residual_416 and residual_608."""
    graph = block(size, width, ("Conv", "Swish", "Conv", "Swish", "Add"))
    return graph


def test_a_kernel_between_two_convolutions_is_pipelined_and_longer_chains_are_not():
    plan = planned(swish_block(208, 64), HARDWARE["meteor_lake"])
    assert all(len(chain) <= 3 for chain in chains(plan))
