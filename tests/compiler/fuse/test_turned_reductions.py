"""A global pooling of a network whose channels are last takes the image as it lies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiler.fuse.test_neutral import priced

NPUS = ["meteor_lake", "lunar_lake", "panther_lake"]
WINDOW = {"pads": [1, 1, 1, 1]}
LAST = [0, 2, 3, 1]


def pooled(op, npu, channels, height, width, turned, keep=0):
    """The report of a 3x3, a reduction of all pixels, as exported or by way of channels that are last, a product."""
    weights = {"w": np.zeros((channels, 32, 3, 3), np.float16), "v": np.zeros((channels, 32), np.float16)}
    axes, shape = np.array([1, 2] if turned else [2, 3]), {"s": np.array([1, channels])}
    nodes = [("Conv", "x w", "a", WINDOW)]
    nodes += [("Transpose", "a", "b", {"perm": LAST})] if turned else []
    nodes += [(op, f"{'b' if turned else 'a'} axes", "c", {"keepdims": keep})]
    nodes += [("Reshape", "c s", "d", {})] if keep else []
    nodes += [("MatMul", f"{'d' if keep else 'c'} v", "y", {})]
    return priced(nodes, [1, 32, height, width], weights | {"axes": axes} | (shape if keep else {}), npu)


@given(
    op=st.sampled_from(["ReduceMean", "ReduceMax", "ReduceSum"]), npu=st.sampled_from(NPUS),
    channels=st.sampled_from([16, 48, 64, 256]), height=st.integers(3, 40), width=st.integers(3, 40),
    keep=st.sampled_from([0, 1]),
)  # fmt: skip
def test_a_transpose_in_front_of_it_changes_nothing(op, npu, channels, height, width, keep):
    asked = (op, npu, channels, height, width)
    a, b = pooled(*asked, turned=True, keep=keep), pooled(*asked, turned=False)
    assert a.latency_us == b.latency_us and a.bytes_moved == b.bytes_moved and a.macs == b.macs


@pytest.mark.parametrize(
    ("npu", "us"), [("meteor_lake", 17.75), ("lunar_lake", 7.46), ("panther_lake", 4.88)]
)
def test_a_mean_of_an_image_whose_channels_are_last(npu, us):
    """64 x 112 x 15 behind a 3x3: the MAC array's time in Intel's schedules (91, 33 and 21 us here before)."""
    assert pooled("ReduceMean", npu, 64, 112, 15, turned=True).engines["mac_array"] == pytest.approx(
        us, rel=0.15
    )


@pytest.mark.parametrize("axes", [[1], [2], [3]])
def test_one_axis_of_it_is_reduced_as_it_was_written(axes):
    nodes = [("Transpose", "x", "b", {"perm": LAST}), ("ReduceMean", "b axes", "y", {"keepdims": 0})]
    found = priced(nodes, [1, 64, 40, 30], {"axes": np.array(axes)}, "meteor_lake")
    assert "Transpose" in {n.op_type for n in found.nodes}
