"""MACs of whole networks, as their exporters' notes state them (README of the shared graphs)."""

import pytest

from npusim.ops import macs
from tests.shared import SHARED, needs_shared


@needs_shared
@pytest.mark.parametrize("name,giga", [
    ("mamba2_130m_tf4_L256_dy", 33.00), ("mamba2_130m_tf5_L256_dy", 42.68),
    ("mamba2_130m_tf4_L4_ts", 0.516), ("mamba2_130m_tf4_L4_ts__clean", 0.516), ("resnet50_ts", 4.09),
    ("mbv2_ts", 0.30), ("bert_base_L128_ts", 11.17), ("vit_base_dy", 17.56),
])  # fmt: skip
def test_a_network_has_the_macs_its_papers_state(name, giga) -> None:
    from npusim.onnx_io import load

    graph = load(SHARED / "graphs" / "large" / f"{name}.onnx")
    assert sum(macs(node, graph) * node.repeats for node in graph.nodes) / 1e9 == pytest.approx(
        giga, rel=3e-3
    )
