"""Max and Min with one number are limits, and ride behind the MAC array where its drain path takes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiler.fuse.test_neutral import priced

WINDOW = {"pads": [1, 1, 1, 1]}


def between(op, reads, constants, npu):
    """The report of two 3x3 of 32 channels at 40 x 40 with an op between them."""
    weights = {"w": np.zeros((32, 32, 3, 3), np.float16), "v": np.zeros((32, 32, 3, 3), np.float16)}
    nodes = [("Conv", "x w", "a", WINDOW), (op, reads, "b", {}), ("Conv", "b v", "y", WINDOW)]
    return priced(nodes, [1, 32, 40, 40], weights | constants, npu)


@given(
    number=st.sampled_from([-0.4, 0.25, 6.0]), largest=st.booleans(), first=st.booleans(),
    npu=st.sampled_from(["meteor_lake", "lunar_lake", "panther_lake"]),
)  # fmt: skip
def test_a_number_as_an_operand_is_a_limit(number, largest, first, npu):
    """Max and Min cost what the Clip of the same bound costs, whichever operand the number is."""
    bound = {"c": np.float16(number)}
    op, clip = ("Max", "a c") if largest else ("Min", "a  c")
    found = between(op, "c a" if first else "a c", bound, npu)
    nodes = [n for n in found.nodes if n.op_type not in ("Conv", "MemPermute", "Transpose")]
    assert all(n.op_type == "Clip" for n in nodes)
    if largest:
        assert found.latency_us == between("Clip", clip, bound, npu).latency_us


def test_max_with_zero_is_relu():
    zero = {"c": np.float16(0)}
    assert (
        between("Max", "a c", zero, "meteor_lake").latency_us
        == between("Relu", "a", {}, "meteor_lake").latency_us
    )


@pytest.mark.parametrize(
    ("npu", "rides"), [("meteor_lake", False), ("lunar_lake", False), ("panther_lake", True)]
)
def test_the_drain_path_clips_from_zero_and_on_5010_from_anywhere(npu, rides):
    """`Clamp` of 25.6 and 9.9 us in Intel's schedules of NPU 3720 and 4000, no task of its own on 5010."""
    limits = {"low": np.float16(-1), "zero": np.float16(0), "high": np.float16(1)}
    assert (between("Clip", "a low high", limits, npu).engines["dsp"] == 0) is rides
    assert between("Clip", "a zero high", limits, npu).engines["dsp"] == 0


def test_a_limit_of_every_channel_is_no_limit():
    """One number a channel stays a maximum of two tensors."""
    found = between("Max", "a c", {"c": np.ones((1, 32, 1, 1), np.float16)}, "meteor_lake")
    assert "Max" in {n.op_type for n in found.nodes}
