"""Slices of every so many-th pixel, joined as channels, are one convolution: as in Intel's schedules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded, model, node, weights
from tests.vendor.placement import HARDWARE

FOUR = ((0, 0), (1, 0), (0, 1), (1, 1))
END = np.array([2**31, 2**31])


def focus(size, first=FOUR, step=2, channels=3, apart=False, read_too=False, tiles=3, npu="5010"):
    """The report of slices from the pixels `first` on, joined and convolved. `apart`: rows and columns by a Slice each;
    `read_too`: one of them by another convolution, too."""
    nodes, constants, parts = [], {"ends": END, "one": END[:1], "steps": np.array([step] * 2)}, []
    constants |= {
        "both": np.array([2, 3]),
        "tall": np.array([2]),
        "wide": np.array([3]),
        "s": np.array([step]),
    }
    for i, (a, b) in enumerate(first):
        constants |= {f"a{i}": np.array([a]), f"b{i}": np.array([b]), f"ab{i}": np.array([a, b])}
        if apart:
            nodes += [
                node("Slice", f"x a{i} one tall s", f"h{i}"),
                node("Slice", f"h{i} b{i} one wide s", f"p{i}"),
            ]
        else:
            nodes.append(node("Slice", f"x ab{i} ends both steps", f"p{i}"))
        parts.append(f"p{i}")
    nodes.append(node("Concat", " ".join(parts), "c", axis=1))
    nodes += [node("Conv", "c w", "d", pads=[1] * 4), node("Conv", "d u", "y", pads=[1] * 4, strides=[2, 2])]
    constants |= {"w": weights(16, channels * len(first), 3, 3), "u": weights(32, 16, 3, 3)}
    outputs = ["y"]
    if read_too:
        nodes.append(node("Conv", "p0 v", "z"))
        constants["v"], outputs = weights(16, channels, 1, 1), ["y", "z"]
    constants = {n: v if v.dtype == np.int64 else v.astype(np.float16) for n, v in constants.items()}
    graph = model(nodes, {"x": (1, channels, size, size)}, outputs, constants, dtype=TensorProto.FLOAT16)
    hardware = load_hardware(HARDWARE[npu]).replace({"tiles": tiles})
    return simulate(loaded(graph), hardware, "2026", band=False)


def slices(report):
    """The nodes left of the slices."""
    return [n for n in report.nodes if n.op_type in ("Slice", "Concat")]


@pytest.mark.parametrize("first", [FOUR, FOUR[::-1], ((0, 0), (1, 1))])
@pytest.mark.parametrize("apart", [False, True])
def test_they_are_one_convolution(first, apart):
    """Focus of YOLOX, of two of its four parts, of rows and columns by a Slice each as PyTorch exports it: one
    convolution of 96 by 48 x 2 x 1 on NPU 5010 in Intel's schedules."""
    report = focus(320, first, apart=apart)
    assert not slices(report)
    assert sum(n.op_type == "Conv" for n in report.nodes) == 3


def test_an_image_comes_once():
    """3 x 640 x 640: 9.20 MB in Intel's schedule with the convolutions behind, 21.5 when each slice read it."""
    report = focus(640)
    image = 3 * 640 * 640 * 2
    assert report.bytes_moved < 5 * image


def test_one_that_others_read_stays_a_slice():
    """Four slices by themselves in Intel's schedule."""
    assert len([n for n in slices(focus(320, read_too=True)) if n.op_type == "Slice"]) == 4


def test_other_steps():
    assert not slices(focus(256, [(a, b) for a in range(4) for b in range(4)], 4))
    assert slices(focus(330, step=4))  # 330 are no whole fours


@pytest.mark.parametrize(("npu", "tiles"), [("3720", 2), ("4000", 4), ("5010", 3)])
def test_twice_the_channels_cost_up_to_twice_as_much(npu, tiles):
    few, many = (focus(64, channels=c, npu=npu, tiles=tiles).latency_us for c in (32, 64))
    assert few <= many <= 2.3 * few


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.data())
def test_the_convolution_computes_the_same(step, channels, places, data):
    """One weight of 1 for each result: its own channel, at its own pixel of the window."""
    first = data.draw(st.lists(st.tuples(*[st.integers(0, step - 1)] * 2), min_size=2, max_size=4))
    x = np.random.default_rng(0).integers(0, 99, (channels, step * places, step * places))
    joined = np.concatenate([x[:, a::step, b::step] for a, b in first])
    picks = np.zeros((len(first) * channels, channels, step, step), int)
    for i, (a, b) in enumerate(first):
        for c in range(channels):
            picks[i * channels + c, c, a, b] = 1
    windows = x.reshape(channels, places, step, places, step)
    assert (np.einsum("ocab,chawb->ohw", picks, windows) == joined).all()
