"""Zeros: none change nothing, more are never slower, bytes and cycles counted by hand, what cannot be."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npusim
from npusim.arch.mac_array import mac_array_cycles
from npusim.errors import BadArgument
from npusim.graph import DType, Node, Value
from npusim.whatif.weights import count
from npusim.work import MacOp, MacWork
from tests.whatif.small import NPUS, chain, chains, not_slower

SHARE = st.integers(0, 20).map(lambda n: n / 20)


def latency(graph, text, hw="lunar_lake"):
    return npusim.suppose(graph, text, hw, band=False).latency_us


@given(
    graph=chains(),
    few=SHARE,
    more=SHARE,
    pattern=st.sampled_from(["unstructured", "channel"]),
    hw=st.sampled_from(NPUS),
)
def test_more_zeros_are_never_slower(graph, few, more, pattern, hw):
    few, more = sorted((few, more))
    slow = latency(graph, f"sparsity:weights={few},activations={few},pattern={pattern}", hw)
    fast = latency(graph, f"sparsity:weights={more},activations={more},pattern={pattern}", hw)
    assert not_slower(fast, slow)
    assert not_slower(slow, npusim.simulate(graph, hw, band=False).latency_us)


def test_bytes_of_a_bitmap_by_hand():
    graph = chain(64, 256, 512)
    dense = npusim.simulate(graph, "lunar_lake", band=False).bytes_moved
    sparse = npusim.suppose(graph, "sparsity:weights=0.75", band=False).bytes_moved
    # 256 x 512 weights of 2 bytes; a quarter of them is kept, and a bit for each.
    assert dense - sparse == pytest.approx(256 * 512 * 2 - 256 * 512 * (2 / 4 + 1 / 8))
    channel = npusim.suppose(graph, "sparsity:weights=0.75,pattern=channel", band=False).bytes_moved
    assert dense - channel == pytest.approx(256 * 512 * 2 * 0.75)


def test_zeros_that_save_less_than_their_bitmap_stay_dense():
    graph = chain(64, 256, 512)
    assert npusim.what_if(graph, "sparsity:weights=0.06") == graph  # 0.94 x 2 + 0.125 bytes are more than 2
    assert npusim.what_if(graph, "sparsity:weights=0.07") != graph


def test_the_array_skips_what_the_machine_says_it_skips():
    hw = npusim.hardware("lunar_lake").replace(
        {"mac_array.convolution.overlap_exponent": 40, "mac_array.convolution.sparsity_saving": 0.5}
    )
    work = MacWork(int(MacOp.CONVOLUTION), 64, 64, 512, 2048)  # so many MACs that nothing else counts
    dense = mac_array_cycles(work, hw)
    half = mac_array_cycles(replace(work, weight_zeros=0.5), hw)
    assert half < dense and mac_array_cycles(replace(work, input_zeros=0.5), hw) == pytest.approx(
        half, rel=0.02
    )
    assert (dense - half) / dense == pytest.approx(0.25, abs=0.03)
    both = mac_array_cycles(replace(work, weight_zeros=0.5, input_zeros=0.3), hw)
    assert both == half  # VPUNN: the better of the two, not both
    assert mac_array_cycles(replace(work, mac_slots=0.5), hw) == pytest.approx(dense / 2, rel=0.05)


def test_only_the_layers_asked_for_and_only_weights_change():
    graph = chain(64, 256, 512, 128)
    after = npusim.what_if(graph, "sparsity:weights=0.5,layers=m1")
    assert {n for n in graph.values if after.values[n] != graph.values[n]} == {"w1"}
    after = npusim.what_if(graph, "sparsity:activations=0.5")
    assert {n for n in graph.values if after.values[n] != graph.values[n]} == {"y0"}  # not the graph's input


def test_sparsity_asked_twice_adds_up():
    after = npusim.what_if(chain(64, 256, 512), "sparsity:weights=0.5", "sparsity:weights=0.5")
    assert after.values["w0"].contents.zeros == 0.75


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sparsity:weights=0.7,pattern=2:4", "two of four are a share of 0.5, and weights is 0.7"),
        ("sparsity:weights=0.7,layers=n*", "no node with weights matches 'n\\*' among 2"),
        ("sparsity:weights=0.7,layers=mm0", "did you mean m0"),
    ],
)
def test_what_cannot_be_is_said(text, said):
    with pytest.raises(BadArgument, match=said):
        npusim.what_if(chain(64, 256, 512, 128), text)


def test_an_array_of_zeros_is_the_zeros_one_by_one():
    hw = npusim.hardware("meteor_lake")
    shares = np.array([0.0, 0.3, 0.9])
    work = MacWork(int(MacOp.CONVOLUTION), 8, 8, 64, 64)
    together = mac_array_cycles(replace(work, weight_zeros=shares), hw)
    assert np.array_equal(together, [mac_array_cycles(replace(work, weight_zeros=s), hw) for s in shares])


def test_packed_weights_count_their_own_bits():
    value = chain(64, 256, 512, dtype=DType.INT8)
    dense = npusim.simulate(value, band=False).bytes_moved
    sparse = npusim.suppose(value, "sparsity:weights=0.5", band=False).bytes_moved
    assert dense - sparse == pytest.approx(256 * 512 * (1 - 0.5 - 1 / 8))


def test_weights_behind_a_dequantize_count_as_they_lie():
    graph = chain(64, 1024, 2048)
    values = dict(graph.values)
    values["q"] = Value("q", (1024, 2048), DType.INT4, constant=True)
    nodes = (Node("dq", "DequantizeLinear", ("q",), ("w0",)), *graph.nodes)
    values["w0"] = replace(values["w0"], constant=True)
    graph = replace(graph, nodes=nodes, values=values)
    after = npusim.what_if(graph, "sparsity:weights=0.5")
    assert count(after) == (1, 1024 * 2048 / 2, 1024 * 2048 * (0.5 * 0.5 + 1 / 8))
    saved = npusim.simulate(graph, band=False).bytes_moved - npusim.simulate(after, band=False).bytes_moved
    assert saved == pytest.approx(1024 * 2048 * (0.5 - 0.5 * 0.5 - 1 / 8))
    kept, _ = npusim.what_if(graph, "keep:capacity_mb=2,gb_per_s=500", hw="panther_lake")
    assert kept.values["q"].contents.memory == "store"
