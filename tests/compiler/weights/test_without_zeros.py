"""Weights of a pruned network: from how many zeros on they are stored without them, in bytes counted by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npusim
from npusim.compiler.lowering.works import without_zeros
from npusim.graph import Contents
from npusim.work import MacOp, MacWork
from tests.whatif.small import chain

PRODUCT = MacWork(int(MacOp.CONVOLUTION), 14, 14, 256, 256)


def test_bytes_of_values_and_map_by_hand():
    known, share = without_zeros(PRODUCT, Contents(found=0.5))
    # of 256 terms 128 of 2 bytes, 7 more to a whole sixteen on the average, and a bit for each of the 256
    each = 128 * 2 + 7 + 256 / 8
    assert known.stored * 256 * 2 == pytest.approx(each) and share == pytest.approx(256 / 8 / each)
    assert known.zeros == 0.5
    narrow, _ = without_zeros(replace(PRODUCT, in_c=32), Contents(found=0.5))
    assert narrow.stored * 32 * 2 == pytest.approx(16 * 2 + 7 + 16)  # 32 bits take a whole sixteen of bytes


@pytest.mark.parametrize(
    ("bytes_", "least"), [((2.0, 2.0), 1 / 16), ((2.0, 1.0), 1 / 16), ((1.0, 1.0), 1 / 8)]
)
def test_it_pays_from_as_many_zeros_on_as_a_bit_takes(bytes_, least):
    work = replace(PRODUCT, input_bytes=bytes_[0], weight_bytes=bytes_[1])
    assert without_zeros(work, Contents(found=least - 0.005))[0].stored == 1.0
    assert without_zeros(work, Contents(found=least + 0.005))[0].zeros > 0


def test_grouped_and_packed_weights_stay_as_they_are():
    for work in (replace(PRODUCT, weight_groups=4), replace(PRODUCT, weight_bytes=0.5)):
        assert without_zeros(work, Contents(found=0.5)) == (Contents(found=0.5), 0.0)


def with_zeros(share):
    graph = chain(64, 256, 512)
    held = next(n for n, v in graph.values.items() if v.constant and len(v.shape) == 2)
    values = {**graph.values, held: replace(graph.values[held], contents=Contents(found=share))}
    return replace(graph, values=values)


@given(
    st.integers(13, 19).map(lambda n: n / 20), st.sampled_from(["meteor_lake", "lunar_lake", "panther_lake"])
)
def test_a_pruned_network_moves_fewer_bytes_and_is_not_slower(share, hw):
    dense, pruned = (npusim.simulate(with_zeros(s), hw, band=False) for s in (0.0, share))
    assert pruned.bytes_moved < dense.bytes_moved and pruned.latency_us <= dense.latency_us * 1.001


def test_supposed_zeros_count_from_those_of_the_file():
    graph = with_zeros(0.5)
    assert npusim.what_if(graph, "sparsity:weights=0.4") == graph
    more = npusim.simulate(npusim.what_if(graph, "sparsity:weights=0.75"), "lunar_lake", band=False)
    assert more.bytes_moved < npusim.simulate(graph, "lunar_lake", band=False).bytes_moved
