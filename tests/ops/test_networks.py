"""MACs of whole networks, as their exporters' notes state them (README of the shared graphs)."""

import pytest

from npusim.ops import macs
from tests.shared import SHARED, needs_shared


@needs_shared
@pytest.mark.parametrize("name,giga", [
    ("mamba2_130m_tf4_L256_dy", 32.996057088), ("mamba2_130m_tf5_L256_dy", 42.678607872),
    ("mamba2_130m_tf4_L4_ts", 0.516071424), ("mamba2_130m_tf4_L4_ts__clean", 0.516071424),
    ("resnet50_ts", 4.089184256), ("vit_base_dy", 17.563828224), ("mbv2_ts", 0.300774272),
    ("bert_base_L128_ts", (12 * (4 * 128 * 768**2 + 2 * 12 * 128**2 * 64 + 2 * 128 * 768 * 3072)) / 1e9),
])  # fmt: skip
def test_a_network_has_the_macs_its_papers_state(name, giga) -> None:
    from npusim.onnx_io import load

    graph = load(SHARED / "graphs" / "large" / f"{name}.onnx")
    assert sum(macs(node, graph) * node.repeats for node in graph.nodes) / 1e9 == pytest.approx(
        giga, rel=1e-9
    )
