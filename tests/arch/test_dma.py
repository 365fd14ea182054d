"""Laws and hand counts of transfers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.dma import MEMORIES, dma_ns
from npusim.arch.presets import load_hardware
from npusim.errors import BadArgument
from tests.arch.works import LAW

NPUS = [load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")]
npus = st.sampled_from(NPUS)
memory = st.sampled_from(sorted(MEMORIES))


def test_a_transfer_is_start_and_data_partly_side_by_side_by_hand():
    hw, size = NPUS[1].replace({"dma.page_ns": 70.0}), 3 * 1024
    rate = min(hw.dma.bytes_per_cycle * hw.dsp.clock_mhz * 1e-3, hw.ddr.bandwidth_gb_per_s)  # bytes per ns
    start, power = hw.dma.latency_ns + hw.dma.ramp_ns * 3 / 4, hw.dma.overlap_exponent
    by_hand = (start**power + (size / rate) ** power) ** (1 / power)
    assert dma_ns(size, hw) == pytest.approx(by_hand)
    assert dma_ns(4097, hw) - dma_ns(4096, hw) == pytest.approx(70, abs=0.1)  # a second page


def test_without_overlap_a_transfer_takes_its_parts_one_after_another():
    hw = NPUS[0].replace({"dma.overlap_exponent": 1.0, "dma.page_ns": 0.0})
    rate = min(hw.dma.bytes_per_cycle * hw.dsp.clock_mhz * 1e-3, hw.ddr.bandwidth_gb_per_s)
    assert dma_ns(1024, hw) == pytest.approx(hw.dma.latency_ns + hw.dma.ramp_ns / 2 + 1024 / rate)


def test_a_port_beside_a_busy_one_is_slower_only_where_the_net_says_so():
    size = 1 << 20
    for hw in NPUS:
        alone, beside = (dma_ns(size, hw, busy_ports=n) for n in (1, 2))
        assert alone <= beside <= alone / hw.dma.both_ports_rate_ratio * (1 + 1e-12)


def test_ports_that_share_the_ddr_get_no_more_than_its_bandwidth():
    for hw in NPUS:
        size = 1 << 24
        assert 2 * size / dma_ns(size, hw, sharing_ports=2) <= hw.ddr.bandwidth_gb_per_s
        inside = [dma_ns(size, hw, "scratchpad", "scratchpad", sharing_ports=n) for n in (1, 2)]
        assert inside[0] == inside[1]


def test_a_permuting_transfer_moves_elements_at_a_rate_of_their_own():
    hw, count = NPUS[0], 100_000
    plain, permuted = dma_ns(2 * count, hw), dma_ns(2 * count, hw, elements=count)
    assert permuted > plain
    straight = hw.replace({"dma.overlap_exponent": 1.0, "dma.page_ns": 0.0, "dma.ramp_ns": 0.0})
    moving = dma_ns(2 * count, straight, elements=count) - straight.dma.latency_ns
    assert moving == pytest.approx(count / hw.dma.permute_elements_per_cycle * 1e3 / hw.dsp.clock_mhz)


@LAW
@given(st.lists(st.tuples(memory, memory, st.integers(0, 10**7)), min_size=1, max_size=20), npus)
def test_a_column_of_transfers_equals_the_transfers_one_by_one(rows, hw):
    source, destination = ([MEMORIES[row[i]] for row in rows] for i in (0, 1))
    together = dma_ns(np.array([row[2] for row in rows]), hw, source, destination, sharing_ports=2)
    alone = [float(dma_ns(n, hw, a, b, sharing_ports=2)) for a, b, n in rows]
    assert together == pytest.approx(alone)


@LAW
@given(memory, memory, st.integers(0, 10**7), npus)
def test_a_sweep_of_transfers_equals_its_points(source, destination, size, hw):
    axes = {
        "dma.bytes_per_cycle": [16.0, 64.0],
        "dma.ddr_to_ddr.rate_ratio": [0.5, 0.9],
        "dsp.clock_mhz": [800, 1200],
    }
    nbytes = np.array([[size], [size + 1]])
    swept = np.broadcast_to(dma_ns(nbytes, hw.replace(axes), source, destination), (2, 2))
    for point in range(2):
        alone = hw.replace({name: values[point] for name, values in axes.items()})
        assert swept[:, point] == pytest.approx(dma_ns(nbytes[:, 0], alone, source, destination))


_FASTER = ["dma.bytes_per_cycle", "ddr.bandwidth_gb_per_s", "dsp.clock_mhz", "dma.permute_elements_per_cycle"]


@LAW
@given(memory, memory, st.integers(0, 10**7), npus, st.sampled_from(_FASTER), st.floats(1.0, 9.0))
def test_more_hardware_is_never_slower_and_more_bytes_never_cheaper(a, b, size, hw, name, factor):
    base = dma_ns(size, hw, a, b, elements=size / 4, sharing_ports=2)
    better = hw.replace({name: hw.get(name) * factor})
    assert dma_ns(size, better, a, b, elements=size / 4, sharing_ports=2) <= base * (1 + 1e-12)
    assert dma_ns(size + 1, hw, a, b, elements=size / 4, sharing_ports=2) >= base


@pytest.mark.parametrize("size", [0.0, 4096.0, np.array([[0.0], [64.0], [4096.0]])])
def test_a_column_of_directions_at_many_points_takes_one_size_or_one_each(size):
    """The latency alone is asked so: no bytes, in every direction."""
    hw = NPUS[1].replace({"dma.bytes_per_cycle": np.array([16.0, 32.0, 64.0, 128.0])})
    source, destination = np.array([[0], [1], [0]]), np.array([[1], [0], [0]])
    found = dma_ns(size, hw, source, destination)
    each = np.broadcast_to(np.asarray(size, float), (3, 1))[:, 0]
    one_by_one = [dma_ns(each[k], hw, int(source[k, 0]), int(destination[k, 0])) for k in range(3)]
    assert found == pytest.approx(np.array(one_by_one))


def test_a_memory_that_is_none_is_refused():
    with pytest.raises(BadArgument, match="no memory named 'cache'; there are ddr and scratchpad"):
        dma_ns(1, NPUS[0], "cache")
    with pytest.raises(BadArgument, match="memory codes are 0"):
        dma_ns(1, NPUS[0], np.array([0, 2]))


def test_a_column_of_mixed_directions_at_many_points_is_each_at_each():
    hw = load_hardware("lunar_lake")
    sources, destinations = np.array([[0], [1], [0], [1]]), np.array([[1], [0], [0], [1]])
    sizes, rates = np.array([[100.0], [5e4], [7e5], [0.0]]), np.array([16.0, 32.0, 96.0])
    many = hw.with_numbers({"dma.bytes_per_cycle": rates})
    for nbytes in (sizes, 0.0):
        together = dma_ns(nbytes, many, sources, destinations)
        assert together.shape == (4, 3)
        for i, j in np.ndindex(4, 3):
            one = hw.with_numbers({"dma.bytes_per_cycle": float(rates[j])})
            size = float(np.broadcast_to(nbytes, (4, 1))[i, 0])
            assert together[i, j] == pytest.approx(
                float(dma_ns(size, one, sources[i, 0], destinations[i, 0])), rel=1e-13
            )


def test_no_permuting_transfer_is_dearer_than_its_bytes_on_a_port_of_32_bytes():
    """2,000 x 50 turned in Intel's schedules: 23.2 us on NPU 3720, 4.8 on 5010; 118 and 65 at an element a cycle."""
    for hw in NPUS:
        alone = dma_ns(200_000, hw, "scratchpad", "scratchpad", elements=100_000)
        assert (
            alone <= dma_ns(200_000, hw, "scratchpad", "scratchpad") + 100_000 / 16 / hw.dsp.clock_mhz * 1e3
        )
