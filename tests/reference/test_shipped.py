"""Golden ceilings on the tables that travel with npusim: the errors may not grow."""

import gzip

import pytest

from npusim.reference.folder import GENERATIONS, shipped
from npusim.reference.validate import validate

#: (generation, engine, what, against) -> percent, over rows no constant was fitted to.
CEILINGS = {
    ("3720", "MAC array", "convolution, matmul", "net"): 11.0,
    ("4000", "MAC array", "convolution, matmul", "net"): 14.0,
    ("5010", "MAC array", "convolution, matmul", "profiled table"): 7.5,
    ("3720", "MAC array", "depthwise, pool, eltwise", "net"): 12.0,
    ("4000", "MAC array", "depthwise, pool, eltwise", "net"): 12.5,
    ("5010", "MAC array", "depthwise, pool, eltwise", "profiled table"): 8.5,
    ("3720", "MAC array", "all", "ground truth"): 4.5,
    ("4000", "MAC array", "all", "ground truth"): 4.5,
    ("3720", "DMA", "ddr to scratchpad", "net"): 8.0,
    ("4000", "DMA", "ddr to scratchpad", "net"): 16.0,
    ("5010", "DMA", "ddr to scratchpad", "net"): 6.0,
    ("3720", "DMA", "ddr to scratchpad", "ground truth"): 6.0,
    ("4000", "DMA", "ddr to scratchpad", "ground truth"): 11.0,
    ("3720", "DMA", "scratchpad to ddr", "ground truth"): 4.0,
    ("4000", "DMA", "scratchpad to ddr", "ground truth"): 10.0,
    ("4000", "DMA", "ddr to ddr", "ground truth"): 8.5,
    ("3720", "DSP", "one input, large", "profiled"): 1.0,
    ("4000", "DSP", "one input, large", "profiled"): 1.0,
    ("5010", "DSP", "one input, large", "profiled"): 1.0,
    ("3720", "Layers", "all", "layer model"): 9.5,
    ("4000", "Layers", "all", "layer model"): 15.0,
    ("5010", "Layers", "all", "layer model"): 20.0,
}


@pytest.fixture(scope="module")
def result():
    return validate()


@pytest.mark.parametrize("key", CEILINGS, ids=" ".join)
def test_the_error_has_not_grown(result, key):
    (found,) = [c for c in result.comparisons if (c.generation, c.engine, c.what.strip(), c.against) == key]
    assert found.judged.rows >= 3
    assert found.judged.mape < CEILINGS[key]


def test_predictions_are_closer_than_the_roofline_in_every_barred_group(result):
    barred = [c for c in result.comparisons if c.bar is not None]
    assert len(barred) > 30
    assert all(c.all.mape < c.roofline.mape for c in barred)


def test_every_table_that_travels_is_read_and_names_its_source(result):
    files = sorted(path.name for path in shipped().glob("*.csv.gz"))
    assert sorted({c.table for c in result.comparisons}) == files
    for name in files:
        with gzip.open(shipped() / name, "rt", encoding="utf-8") as file:
            assert "source: Intel's NPU cost model VPUNN" in file.readline()


def test_only_published_figures_are_missing_without_a_reference_folder(result):
    assert result.missing == ("published_latency.csv", "networks.csv")
    assert result.hardware == tuple(GENERATIONS.values())


def test_the_tables_that_travel_are_small():
    assert sum(path.stat().st_size for path in shipped().glob("*")) < 300_000
