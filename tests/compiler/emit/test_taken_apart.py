"""A batch of products that is no single kernel is taken apart, and every problem has transfers of its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.emit.transfers import TRANSFERS_A_PROBLEM
from npusim.simulation import simulate
from tests.graphs import loaded, model, node, weights

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")


def latency_us(hardware, problems, size, constant):
    """`problems` products of size x size, one side constant or both inputs."""
    inputs = {"x": [1, problems, size, size]} | ({} if constant else {"w": [1, problems, size, size]})
    constants = {"w": weights(size, size)} if constant else {}
    graph = loaded(model([node("MatMul", "w x" if constant else "x w", "y")], inputs, ["y"], constants))
    return simulate(graph, load_hardware(hardware), "2026").latency_us


@pytest.mark.parametrize("hardware", NPUS)
@settings(max_examples=min(15, settings().max_examples), deadline=None)
@given(problems=st.integers(4, 32), size=st.sampled_from([4, 8, 16, 49, 64]), constant=st.booleans())
def test_more_problems_take_longer_and_twice_as_many_at_most_two_and_a_half_times_as_long(
    hardware, problems, size, constant
):
    once, twice = (latency_us(hardware, n * problems, size, constant) for n in (1, 2))
    assert once <= twice * 1.02 and twice <= 2.5 * once


def test_the_descriptors_of_small_problems_cost_what_they_wait_for():
    """64 products of 16 x 16 on NPU 3720: three tensors, a pair of transfers each a problem, over two ports."""
    hw = load_hardware("meteor_lake")
    waits_us = 64 * 3 * TRANSFERS_A_PROBLEM * float(hw.dma.latency_ns) / 1e3 / float(hw.dma.ports)
    assert latency_us("meteor_lake", 64, 16, False) > 0.5 * waits_us


@pytest.mark.parametrize("hardware", ["lunar_lake", "panther_lake"])
def test_two_activations_are_one_kernel_on_the_newer_ones_and_a_constant_is_not(hardware):
    assert latency_us(hardware, 128, 49, True) > 1.5 * latency_us(hardware, 128, 49, False)


def test_a_tensor_that_is_both_operands_comes_twice():
    """Pairwise products, 128 problems of 27 x 64 on NPU 3720: in Intel's schedule of a recommendation network
    3,456 bytes of each come to both tiles as rows and as much as weights, half a tile."""
    own = [node("Relu", "x", "r"), node("Transpose", "r", "t", perm=[0, 2, 1]), node("MatMul", "r t", "y")]
    report = simulate(loaded(model(own, {"x": [128, 27, 64]}, ["y"])), "meteor_lake", "2026")
    assert sum(t.nbytes for t in report.tasks if t.name == "r/load") == 2 * 128 * 3456
