"""A memory for weights: never slower, filled within its capacity, its transfers by hand, what cannot be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npusim
from npusim.arch.dma import dma_ns
from npusim.arch.presets import load_hardware
from npusim.errors import BadArgument
from npusim.whatif.knapsack import STEPS, _knapsack
from tests.whatif.small import NPUS, chain, chains, not_slower


def kept(graph):
    return {name for name, value in graph.values.items() if value.contents and value.contents.memory}


@given(
    graph=chains(),
    megabytes=st.integers(0, 300).map(lambda n: n / 100),
    rate=st.sampled_from([1.0, 30.0, 1000.0]),
    hw=st.sampled_from(NPUS),
)
def test_a_memory_more_is_never_slower_however_slow_it_is(graph, megabytes, rate, hw):
    text = f"keep:capacity_mb={megabytes},gb_per_s={rate}"
    after, machine = npusim.what_if(graph, text, hw=hw)
    with_it = npusim.simulate(after, machine, band=False).latency_us
    assert not_slower(with_it, npusim.simulate(graph, hw, band=False).latency_us)
    assert sum(graph.values[name].npu_bytes for name in kept(after)) <= megabytes * 1e6


def test_what_is_kept_does_not_come_from_ddr():
    graph = chain(64, 256, 512, 256)
    before = npusim.simulate(graph, band=False)
    report = npusim.suppose(graph, "keep:capacity_mb=1,gb_per_s=200", band=False)
    moved = sum(task.nbytes for task in report.tasks if task.source == "store")
    assert before.bytes_moved - report.bytes_moved == pytest.approx(moved) and moved > 2 * 256 * 512 * 2
    assert report.what_ifs[0].sentence.startswith("2 of 2 weights")


def test_a_transfer_from_the_store_by_hand():
    numbers = {"bandwidth_gb_per_s": 10.0, "latency_ns": 100.0, "capacity_bytes": 1e6}
    hw = load_hardware("lunar_lake").extended({f"weight_store.{k}": v for k, v in numbers.items()})
    power = hw.dma.overlap_exponent
    by_hand = (100.0**power + (40_000 / 10) ** power) ** (1 / power)
    assert dma_ns(40_000, hw, "store", "scratchpad") == pytest.approx(by_hand)
    mixed = dma_ns(np.array([40_000.0, 40_000.0]), hw, np.array([2, 0]), np.array([1, 1]))
    assert mixed[0] == pytest.approx(by_hand) and mixed[1] == dma_ns(40_000, hw)
    with pytest.raises(BadArgument, match="has no weight_store"):
        dma_ns(1, load_hardware("lunar_lake"), "store")


def test_a_hardware_file_may_have_one_and_reads_back(tmp_path):
    hw = load_hardware("lunar_lake").extended(
        {
            "weight_store.capacity_bytes": 4e6,
            "weight_store.bandwidth_gb_per_s": 500,
            "weight_store.latency_ns": 90,
        }
    )
    file = tmp_path / "with_store.yaml"
    file.write_text(hw.to_yaml())
    again = load_hardware(str(file))
    assert again == hw and again.get("weight_store.capacity_bytes") == 4e6
    graph = chain(64, 256, 512)
    assert kept(npusim.what_if(graph, "keep", hw=again)[0]) == {"w0"}


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=7), st.integers(1, 30))
def test_the_knapsack_takes_the_best_set(items, capacity):
    size, gain = (np.array(column, dtype=float) for column in zip(*items, strict=True))
    best = 0.0
    for mask in range(1 << len(items)):
        taken = [k for k in range(len(items)) if mask >> k & 1]
        if size[taken].sum() <= capacity * (1 - len(items) / STEPS):  # sizes are rounded up to a part of it
            best = max(best, gain[taken].sum())
    found = _knapsack(gain, size, float(capacity))
    assert size[found].sum() <= capacity
    assert gain[found].sum() >= best


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keep:capacity_mb=1", "has no weight_store; give its rate too"),
        ("keep:capacity_mb=-1,gb_per_s=10", "capacity_mb is -1; it must be at least 0"),
        ("keep:capacity_mb=1,gb_per_s=0", "gb_per_s is 0; it must be greater than 0"),
        ("keep:weights=n*,capacity_mb=1,gb_per_s=10", "no node with weights matches 'n\\*'"),
    ],
)
def test_what_cannot_be_is_said(text, said):
    with pytest.raises(BadArgument, match=said):
        npusim.suppose(chain(64, 256, 512), text)
    assert npusim.suppose(chain(64, 256, 512), "keep:in=mram").what_ifs[0].asked == "keep:memory=mram"
