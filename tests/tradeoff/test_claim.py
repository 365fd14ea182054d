"""Claims: what breaks a bound is impossible, and the bound is named; a prediction of ours is always possible."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from npusim.arch.presets import load_hardware
from npusim.cli import app
from npusim.errors import BadArgument
from npusim.simulation import simulate
from npusim.tradeoff.claim import claim, to_document, weight_bytes
from npusim.tradeoff.claim_page import page
from tests.compiler.fuse.test_packed_weights import dequantized, nbits
from tests.compiler.strategies import graphs
from tests.graphs import loaded, model, node, weights

NPUS = {name: load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")}
EXAMPLE = "examples/mamba2_small.onnx"
ORDER = ["impossible", "faster than we predict", "possible", "slower than we predict"]


def product(m, k, n):
    return loaded(model([node("MatMul", "x w", "y")], {"x": [m, k]}, ["y"], {"w": weights(k, n)}))


@settings(max_examples=20)
@given(graphs(most=5), st.sampled_from(sorted(NPUS)), st.sampled_from(["fp16", "int8"]))
def test_what_we_predict_is_possible_and_no_bound_is_above_it(graph, npu, precision):
    report = simulate(graph, NPUS[npu], precision=precision)
    if not report.latency_us:
        return
    found = claim(graph, report.latency_us, NPUS[npu], precision=precision)
    assert found.verdict == "possible" and not found.broken
    assert all(bound.least_us <= report.band_us[0] for bound in found.bounds)


@settings(max_examples=20)
@given(st.sampled_from(sorted(NPUS)), st.floats(1, 1e5), st.floats(1, 100))
def test_a_slower_claim_is_never_less_possible(npu, us, times):
    graph = product(256, 512, 512)
    verdicts = [claim(graph, t, NPUS[npu]).verdict for t in (us, us * times)]
    assert ORDER.index(verdicts[0]) <= ORDER.index(verdicts[1])


def test_22_teraflops_on_an_11_tops_part_break_the_mac_array():
    """FORGE-UGC's tables claim them."""
    flops = 2 * 1024**3
    found = claim(product(1024, 1024, 1024), flops / 22e12 * 1e6, NPUS["meteor_lake"])
    assert found.verdict == "impossible" and found.broken == "MAC array"
    assert "TOPS fp16" in found.sentence and "2 tiles" in found.sentence


def test_weights_faster_than_the_dma_moves_them_break_it():
    """A decoding step of 16.8 MB of 8-bit weights in 0.1 ms would take 168 GB/s."""
    found = claim(product(1, 4096, 4096), 100, NPUS["meteor_lake"], precision="int8")
    assert found.verdict == "impossible" and found.broken == "DMA" and "16.8 MB of weights" in found.sentence


def test_a_run_on_the_cpu_is_slower_than_we_predict():
    """As the int8 rows of the HPEC 2026 paper, which its provider ran on the CPU."""
    found = claim(product(512, 512, 512), 20_000, NPUS["lunar_lake"], precision="int8")
    assert found.verdict == "slower than we predict" and "did all of it run on the NPU" in found.sentence


def test_between_bound_and_band_it_is_faster_than_we_predict():
    graph, hw = product(1024, 1024, 1024), NPUS["lunar_lake"]
    low, bounds = simulate(graph, hw).band_us[0], claim(graph, 1e4, hw).bounds
    between = (low + max(b.least_us for b in bounds)) / 2
    found = claim(graph, between, hw)
    assert found.verdict == "faster than we predict" and "breaks no bound" in found.sentence
    assert all(len(line.text) <= 80 for line in page(found))
    assert json.loads(json.dumps(to_document(found)))["verdict"] == found.verdict


def test_the_command_takes_a_latency_a_rate_or_tokens(tmp_path):
    out = tmp_path / "c.json"
    for words, us in (
        (["--us", "10"], 10),
        (["--per-second", "1000"], 1000),
        (["--tokens-per-s", "500", "--tokens", "4"], 8000),
    ):
        result = CliRunner().invoke(app, ["claim", EXAMPLE, *words, "--json", str(out)])
        assert result.exit_code == 0, result.output
        assert json.loads(out.read_text())["claimed_us"] == pytest.approx(us)
    assert CliRunner().invoke(app, ["claim", EXAMPLE]).exit_code != 0
    with pytest.raises(BadArgument, match="above 0"):
        claim(product(4, 4, 4), -1.0)


def test_four_bits_in_front_of_a_product_are_read_as_they_are_stored():
    """A matrix of 2048 x 2048 in 4 bits, spelled as a blocked DequantizeLinear, perhaps turned."""
    for turned in (False, True):
        assert weight_bytes(dequantized(1, 2048, 2048, turned=turned), "fp16") == 2048 * 2048 / 2
    assert weight_bytes(nbits(1, 2048, 2048), "fp16") == 2048 * 2048 / 2 + 2 * 64 * 2048
