"""Channels of zeros behind an image's own, as in the shortcuts of residual nets without projections."""

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.graph import DType, Graph, Node, Value
from npusim.simulation import simulate
from tests.compiler.residency.test_joined_images import HARDWARE, WINDOW, image, weight

SIZE = 32


def shortcut(channels, wider, pooled, concat=False):
    """A 3x3 convolution; a 3x3 of it to `wider` channels plus itself with zeros (or `pooled`, which nobody else reads);
    a last 3x3."""
    values = [image(n, channels, SIZE) for n in "ax"] + [image("p", channels, SIZE)]
    values += [image(n, wider, SIZE) for n in ("b", "z", "s", "y")]
    values += [weight("wa", channels, channels, 3, 3), weight("wb", wider, channels, 3, 3)]
    values += [weight("wy", wider, wider, 3, 3)]
    zeros = Value("0", (1, wider - channels, SIZE, SIZE), DType.FLOAT16, True)
    pads = Value("pads", (8,), DType.INT64, True, np.array([0] * 5 + [wider - channels, 0, 0]))
    source = "p" if pooled else "a"
    nodes = [
        Node("Conv_a", "Conv", ("x", "wa"), ("a",), WINDOW),
        Node("Conv_b", "Conv", ("a", "wb"), ("b",), WINDOW),
        Node("Pool", "MaxPool", ("a",), ("p",), {"kernel_shape": (3, 3), "pads": (1,) * 4, "strides": (1, 1)}),
        Node("Zeros", "Concat", (source, "0"), ("z",), {"axis": 1})
        if concat
        else Node("Zeros", "Pad", (source, "pads"), ("z",)),
        Node("Add", "Add", ("b", "z"), ("s",)),
        Node("Conv_y", "Conv", ("s", "wy"), ("y",), WINDOW),
    ]  # fmt: skip
    nodes = [n for n in nodes if pooled or n.name != "Pool"]
    values = [*values, zeros, pads]
    used = {n for node in nodes for n in (*node.inputs, *node.outputs)}
    return Graph(
        "shortcut", tuple(nodes), {v.name: v for v in values if v.name in used}, ("x",), ("y",), opset=20
    )


def crossing(graph, npu, profile="2026-as-released"):
    """Bytes of its transfers from or to DDR, by node."""
    found: dict[str, float] = {}
    for task in simulate(graph, load_hardware(HARDWARE[npu]), profile, band=False).tasks:
        if "ddr" in (task.source, task.destination):
            found[task.node] = found.get(task.node, 0) + task.nbytes
    return found


@pytest.mark.parametrize("concat", [False, True])
@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("npu", HARDWARE)
def test_zeros_are_loaded_beside_what_nobody_else_reads(npu, profile, concat):
    """32 of 64 channels at 32 x 32: 65,536 bytes, as in the schedules of all three NPUs for such a Pad, and for a
    Concat with zeros; the addition gets both sides inside."""
    found = crossing(shortcut(32, 64, pooled=True, concat=concat), npu, profile)
    assert found["Zeros"] == 65_536
    assert "Add" not in found


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("npu", HARDWARE)
def test_what_a_convolution_reads_too_is_put_together_in_ddr_or_copied(npu, profile):
    """32 of 64 channels: 65,536 bytes of zeros on all; on NPU 4000 and 5010 the addition loads the whole (64 channels),
    and the image is written beside the zeros. On 3720 nothing else crosses."""
    found = crossing(shortcut(32, 64, pooled=False), npu, profile)
    assert found["Zeros"] == 65_536
    assert found.get("Add", 0) == (0 if npu == "3720" else 131_072)


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("npu", HARDWARE)
@pytest.mark.parametrize("pooled", [False, True])
def test_twice_the_channels_cross_twice(npu, profile, pooled):
    """Of whole sixteens."""
    one, two = (crossing(shortcut(c, 2 * c, pooled), npu, profile) for c in (16, 32))
    assert two["Zeros"] == 2 * one["Zeros"]
