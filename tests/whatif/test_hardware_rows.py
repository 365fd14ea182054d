"""Every question of tensors, engines and memories, alone, with another and in a sweep, on four real networks."""

from pathlib import Path

import pytest

import npusim
from tests.shared import SHARED, needs_shared

NETWORKS = {
    "ResNet-50": "large/resnet50_ts",
    "BERT-base": "large/bert_base_L128_ts",
    "Mamba-2": "large/mamba2_130m_tf5_dec_dy",
    "Llama decode step": "llm/large/llama32_1b_dec_kv1024_fp16_dy",
}
SPIKING = Path(__file__).resolve().parents[2] / "examples" / "engines" / "spiking.py"
ROWS = {
    "sparsity": ("sparsity:weights=0.5,activations=0.3", "whatif.sparsity.weights", [0.0, 0.9]),
    "precision": ("precision:weights=int4,activations=int8", "whatif.precision.group", [0, 64]),
    "keep": ("keep:capacity_mb=20,gb_per_s=200,in=mram", "whatif.keep.capacity_mb", [1.0, 40.0]),
    "engine": (f"engine:{SPIKING}", "whatif.engine.clock_mhz", [100.0, 1000.0]),
}
pytestmark = [needs_shared, pytest.mark.slow]


@pytest.fixture(scope="module", params=NETWORKS)
def graph(request):
    return npusim.load(SHARED / "graphs" / f"{NETWORKS[request.param]}.onnx")


@pytest.mark.parametrize("name", ROWS)
def test_a_row_runs_alone_with_another_and_in_a_sweep(name, graph):
    text, varied, values = ROWS[name]
    alone = npusim.suppose(graph, ["energy", text], band=False)
    energy, said = alone.what_ifs
    assert said.sentence and energy.numbers["ratio_high"] > 0
    other = "precision:weights=int8" if name != "precision" else "sparsity:weights=0.5"
    both = npusim.suppose(graph, [text, other], band=False)
    assert both.latency_us > 0 and len(both.what_ifs) == 2
    pytest.importorskip("xarray")
    swept = npusim.sweep(
        graph, "lunar_lake", {varied: values, "dma.bytes_per_cycle": [32, 64]}, what_ifs=[text]
    )
    assert swept["latency_us"].shape == (2, 2) and bool((swept["latency_us"] > 0).all())
