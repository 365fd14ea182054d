"""Golden ceilings: error against the reference tables, on the half of the rows that was not fitted."""

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.reference import dma_fit as dma
from npusim.reference import dsp_fit as dsp
from npusim.reference import mac_array_fit as mac_array
from npusim.reference.rows import MacRows, half_of, read_mac_rows
from npusim.work import MacOp
from tests.shared import SHARED, needs_shared

REFERENCE = SHARED / "reference"
NPU = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}


def held_out(table: str) -> MacRows:
    rows = read_mac_rows(REFERENCE / f"mac_array_npu{table}.csv.gz")
    return rows.select(rows.half == 1)


def error(rows: MacRows, generation: str) -> float:
    return mac_array.percent_error(mac_array.price_rows(rows, load_hardware(NPU[generation])), rows.cycles)


@needs_shared
@pytest.mark.parametrize(("table", "ceiling"), [("3720", 11.0), ("4000", 14.0), ("5010_lut", 7.0)])
def test_convolutions_are_within_the_ceiling_on_rows_that_were_not_fitted(table, ceiling):
    rows = held_out(table)
    assert error(rows.select(rows.work.op == MacOp.CONVOLUTION), table[:4]) < ceiling


@needs_shared
@pytest.mark.parametrize(("table", "ceiling"), [("3720", 10.5), ("4000", 11.5), ("5010_lut", 7.5)])
def test_stencils_and_eltwise_are_within_the_ceiling_on_rows_that_were_not_fitted(table, ceiling):
    rows = held_out(table)
    assert error(rows.select(rows.work.op != MacOp.CONVOLUTION), table[:4]) < ceiling


@needs_shared
@pytest.mark.parametrize(("generation", "ceiling"), [("3720", 4.0), ("4000", 4.0)])
def test_ground_truth_of_tests_that_were_not_fitted_is_within_the_ceiling(generation, ceiling):
    assert error(held_out(f"{generation}_ground_truth"), generation) < ceiling


@needs_shared
@pytest.mark.parametrize("generation", NPU)
def test_profiled_kernels_of_one_input_are_within_five_percent(generation):
    clock = {"3720": 975.0, "4000": 971.0, "5010": 1114.0}[generation]
    rows = dsp.read_dsp_rows(REFERENCE / f"dsp_npu{generation}.csv.gz")
    errors = dsp.kernel_errors(load_hardware(NPU[generation]), rows, clock)
    # softmax and gather cost per row, which the rows do not tell; mvn is scalar there; default is ours
    straight = {k: e for k, e in errors.items() if k not in ("softmax", "gather", "mvn", "default")}
    assert len(straight) > 30 and max(straight.values()) < 5.0, straight


#: Percent, held-out rows: the net (one port), ground truth (none for 5010). The two contradict each other on
#: 4000 from DDR, where ground truth is preferred.
DMA_CEILINGS = {
    ("3720", "ddr", "scratchpad"): (7, 4.5), ("3720", "scratchpad", "ddr"): (8, 2.5),
    ("3720", "ddr", "ddr"): (7.5, 3.5), ("3720", "scratchpad", "scratchpad"): (3, 2),
    ("4000", "ddr", "scratchpad"): (15.5, 7.1), ("4000", "scratchpad", "ddr"): (7, 6.5),
    ("4000", "ddr", "ddr"): (15.8, 8), ("4000", "scratchpad", "scratchpad"): (9, 7),
    ("5010", "ddr", "scratchpad"): (4, None), ("5010", "scratchpad", "ddr"): (6.5, None),
    ("5010", "ddr", "ddr"): (7, None), ("5010", "scratchpad", "scratchpad"): (9.5, None),
}  # fmt: skip


@needs_shared
@pytest.mark.parametrize("direction", DMA_CEILINGS, ids=lambda d: " to ".join(d))
def test_transfers_are_within_the_ceiling_on_sizes_that_were_not_fitted(direction):
    generation, *ends = direction
    hw = load_hardware(NPU[generation])
    tables = (f"dma_npu{generation}.csv.gz", "dma_ground_truth.csv.gz")
    for table, ceiling in zip(tables, DMA_CEILINGS[direction], strict=True):
        if ceiling is not None:
            rows = dma.read_dma_rows(REFERENCE / table, generation).towards(*ends)
            rows = rows.select((rows.half == 1) & (rows.ports == 1))
            assert mac_array.percent_error(dma.price_rows(rows, hw), rows.ns) < ceiling


@needs_shared
@pytest.mark.parametrize("direction", dma.DIRECTIONS, ids=lambda d: " to ".join(d))
def test_all_measured_transfers_of_npu_4000_are_within_six_percent(direction):
    rows = dma.read_dma_rows(REFERENCE / "dma_ground_truth.csv.gz", "4000").towards(*direction)
    assert mac_array.percent_error(dma.price_rows(rows, load_hardware("lunar_lake")), rows.ns) < 6.0


@needs_shared
def test_the_fit_finds_its_way_back_from_numbers_that_are_off():
    rows = read_mac_rows(REFERENCE / "mac_array_npu4000.csv.gz")
    hw = load_hardware("lunar_lake")
    off = hw.replace({name: hw.get(name) * 1.5 for name in mac_array.names_of(hw, "eltwise")})
    found = mac_array.fit_block(off, "eltwise", rows)
    for name in mac_array.names_of(hw, "eltwise"):
        assert found.get(name) == pytest.approx(hw.get(name), rel=0.01)
        assert found.sources[name].kind == "fitted" and "held out at" in found.sources[name].where


def test_a_row_belongs_to_the_same_half_everywhere():
    halves = [half_of(f"shape {i}") for i in range(1000)]
    assert halves[:8] == [half_of(f"shape {i}") for i in range(8)]
    assert 400 < np.sum(halves) < 600
