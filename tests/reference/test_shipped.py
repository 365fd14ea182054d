"""Golden ceilings on the tables that travel with npusim: the errors may not grow."""

import gzip
import re
from pathlib import Path

import pytest

from npusim.reference.folder import GENERATIONS, shipped
from npusim.reference.html import to_html
from npusim.reference.page import page
from npusim.reference.validate import validate

DOCS = Path(__file__).resolve().parents[2] / "docs"
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


def test_the_page_says_what_is_missing_and_why_kernels_without_a_bar_are_far_off(result):
    text = " ".join(" ".join(line.text for line in page(result, 80)).split())
    assert "published_latency.csv, networks.csv in shipped tables" in text and "is not compared" in text
    assert "MAPE (the mean)" in text and "a factor of a hundred apart" in text
    assert "a factor of a hundred apart" in to_html(result)


def test_readers_find_every_table_and_the_headlines_of_the_readme_on_the_page_of_fidelity():
    told = (DOCS / "fidelity.md").read_text("utf-8")
    for name in ("mac_array_npuG_ground_truth", "dma_ground_truth", "dsp_npuG", "layer_npuG", "networks"):
        assert f"`{name}`" in told
    readme = " ".join((DOCS.parent / "README.md").read_text("utf-8").split())
    mean = re.search(r"155H NPU-only \| 9 \| ([\d.]+) ", told)[1]
    assert f"come out within {mean} % on average" in readme
    for network, name in (
        ("bert-base-cased", "BERT-base"),
        ("mobilenet-v2", "MobileNet-v2"),
        ("resnet-50", "ResNet-50"),
    ):
        apart = re.search(rf"^\| {network} \| [\d.]+ \| ([\d.]+) \|", told, re.M)[1]
        assert re.search(rf"{name} (is )?{re.escape(apart)} %", readme), network
