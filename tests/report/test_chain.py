"""The chain that decides the end of a run: its parts sum to the latency, and nothing outside it is in it."""

import pytest

import npusim
from tests.shared import SHARED, needs_shared

EXAMPLE = "examples/mamba2_small.onnx"


def check(report):
    assert sum(task.path_us for task in report.tasks) == pytest.approx(report.latency_us, rel=1e-9)
    for i, task in enumerate(report.tasks):
        assert -1e-9 <= task.path_us <= task.duration_us + 1e-9, task
        assert all(p < i for p in task.waits_for), task


@pytest.mark.parametrize("hw", ["meteor_lake", "lunar_lake", "panther_lake"])
@pytest.mark.parametrize("compiler", ["2024.12", "2026"])
def test_the_parts_of_the_chain_sum_to_the_latency(hw, compiler):
    check(npusim.simulate(npusim.load(EXAMPLE), npusim.hardware(hw), compiler))


@needs_shared
@pytest.mark.parametrize("name", ["resnet50_ts", "resnet50_qdq", "mamba130m_tf5_L4_ts"])
def test_so_they_do_on_real_networks(name):
    graph = npusim.load(str(SHARED / "graphs" / "large" / f"{name}.onnx"))
    check(npusim.simulate(graph, npusim.hardware("meteor_lake")))


def test_a_node_holds_no_more_than_the_scratchpads_do():
    report = npusim.simulate(npusim.load(EXAMPLE), npusim.hardware("lunar_lake"))
    assert report.scratchpad_bytes == 4 * 1474560
    held = [node.scratchpad_bytes for node in report.nodes]
    assert 0 < max(held) <= report.scratchpad_bytes
