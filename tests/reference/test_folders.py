"""Other folders: other rows, missing files, bad files."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import binomtest

from npusim.errors import BadArgument
from npusim.reference.dma_fit import read_dma_rows
from npusim.reference.errors import GroupErrors, NetworkRow, Statistics, by_product, compare, statistics
from npusim.reference.folder import shipped
from npusim.reference.rows import half_of, read_mac_rows
from npusim.reference.validate import validate
from tests.shared import SHARED, needs_shared

MAC = "op,in_w,in_h,in_c,out_w,out_h,out_c,kw,kh,sw,sh,in_dtype,mode,cycles\n"
CONV = "CONVOLUTION,56,56,64,56,56,64,1,1,1,1,{},CUBOID_16x16,{}\n"


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "npusim", *map(str, words)], capture_output=True, text=True, encoding="utf-8"
    )


def test_a_folder_with_one_small_table_works_and_the_missing_files_are_named(tmp_path):
    rows = CONV.format("UINT8", 9000) + CONV.format("FLOAT16", 15000)
    (tmp_path / "mac_array_npu3720.csv").write_text(MAC + rows, encoding="utf-8")
    result = validate(tmp_path, ["meteor_lake"])
    assert [(c.what, c.all.rows) for c in result.comparisons] == [("all", 2), ("convolution, matmul", 2)]
    assert "dma_npu3720.csv" in result.missing and "layer_npu3720.csv" in result.missing
    assert not any("4000" in name for name in result.missing)


def test_rows_that_cannot_be_priced_are_counted_and_named(tmp_path):
    rows = CONV.format("UINT8", 9000) + CONV.format("FLOAT77", 1) + CONV.format("UINT8", 0)
    rows += CONV.format("UINT8", 9000).replace("CONVOLUTION", "LAYER_NORM")
    rows += CONV.format("UINT8", 9000).replace("56,56,64,56", "56,56,0,56")
    (tmp_path / "mac_array_npu3720.csv").write_text(MAC + rows, encoding="utf-8")
    result = validate(tmp_path, ["meteor_lake"])
    assert result.comparisons[0].all.rows == 1
    assert set(result.skipped) == {
        "1 of mac_array_npu3720.csv: type FLOAT77",
        "1 of mac_array_npu3720.csv: op LAYER_NORM",
        "1 of mac_array_npu3720.csv: rows without a positive time",
        "1 of mac_array_npu3720.csv: rows with a size below 1",
    }


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("mac_array_npu3720.csv", "op,in_dtype\nCONVOLUTION,UINT8\n", "no column 'cycles'"),
        ("mac_array_npu3720.csv", MAC + CONV.format("UINT8", "fast"), "could not convert"),
        ("mac_array_npu3720.csv", "", "holds no MAC-array rows"),
        ("dma_npu3720.csv", "bytes,direction\n1,DDR2CMX\n", "no column 'us_nn'"),
        ("dsp_npu3720.csv", "op,n_elems\nabs,1\n", "no column 'n_inputs'"),
        ("layer_npu3720.csv", MAC + CONV.format("UINT8", 9000), "no column 'best'"),
        ("published_latency.csv", "model,value\nresnet-50,1\n", "no column 'metric'"),
    ],
)
def test_a_bad_table_is_one_clear_line(tmp_path, name, text, says):
    (tmp_path / name).write_text(text, encoding="utf-8")
    if name == "published_latency.csv":
        (tmp_path / "networks.csv").write_text("model,graph\nresnet-50,no.onnx\n", encoding="utf-8")
    done = run("validate", "--reference", tmp_path, "--hw", "meteor_lake")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("BadArgument: ")
    assert name in done.stderr and says in done.stderr


def test_a_broken_gzip_file_is_one_clear_line(tmp_path):
    whole = (shipped() / "dma_npu3720.csv.gz").read_bytes()
    (tmp_path / "dma_npu3720.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadArgument, match=r"dma_npu3720.csv.gz: no readable reference table"):
        validate(tmp_path, ["meteor_lake"])


def test_no_folder_an_empty_folder_and_an_unknown_npu_are_told(tmp_path):
    with pytest.raises(BadArgument, match="is no folder"):
        validate(tmp_path / "none")
    with pytest.raises(BadArgument, match="holds nothing to compare"):
        validate(tmp_path)
    assert "no hardware named 'mars'" in run("validate", "--hw", "mars").stderr


def test_the_json_holds_what_the_page_says(tmp_path):
    done = run("validate", "--hw", "lunar_lake", "--json", tmp_path / "v.json")
    assert done.returncode == 0, done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    found = json.loads((tmp_path / "v.json").read_text("utf-8"))
    assert {c["generation"] for c in found["comparisons"]} == {"4000"}
    first = found["comparisons"][0]
    assert f"{first['all']['mape']:.1f}" in done.stdout
    assert first["judged"] == first["unseen"] and 0 < len(first["points"]) <= 150


def test_statistics_by_hand():
    found = statistics(np.array([110.0, 80.0, 100.0]), np.array([100.0, 100.0, 100.0]))
    assert (found.rows, found.median) == (3, pytest.approx(10))
    assert found.mape == pytest.approx(10) and found.bias == pytest.approx((10 - 20) / 3)
    assert found.p90 == pytest.approx(18)


def test_the_bar_is_held_against_unseen_rows_only():
    words = dict(
        engine="e", what="w", against="a", generation="3720", hardware="h", table="t", unit="ns", bar=15.0
    )
    truth, half = np.array([100.0, 100.0]), np.array([0, 1])
    assert compare(np.array([150.0, 110.0]), truth, truth, half, **words).verdict == "met"
    assert compare(np.array([110.0, 150.0]), truth, truth, half, **words).verdict == "missed"
    none = GroupErrors(
        all=Statistics(2, 1, 1, 1, 1), roofline=Statistics(2, 1, 1, 1, 1), **words | {"bar": None}
    )
    assert none.verdict == ""


def test_doubtful_published_rows_are_shown_and_not_judged():
    def row(predicted, judged):
        return NetworkRow("155H", "3720", "h", "m", "fp16", "throughput", 100.0, predicted, judged)

    (summary,) = by_product((row(103.0, True), row(900.0, False), row(95.0, True)))
    assert (summary.rows, summary.mape, summary.worst) == (2, pytest.approx(4), pytest.approx(5))
    assert summary.verdict == "met"


def test_fitted_and_judged_rows_do_not_overlap():
    def shapes(rows, half):
        part = rows.select(rows.half == half)
        work = part.work
        sizes = (work.op, work.in_h, work.in_w, work.in_c, work.out_h, work.out_w, work.out_c, work.kernel_h)
        rest = (work.kernel_w, work.stride_h, work.stride_w, part.op_name)
        return set(zip(*(column.tolist() for column in (*sizes, *rest, work.input_bytes)), strict=True))

    rows = read_mac_rows(shipped() / "mac_array_npu3720.csv.gz")
    assert len(shapes(rows, 0)) > 100 and not shapes(rows, 0) & shapes(rows, 1)
    truth = read_mac_rows(shipped() / "mac_array_npu3720_ground_truth.csv.gz")
    tests = [set(truth.select(truth.half == half).test.tolist()) for half in (0, 1)]
    assert all(tests) and not tests[0] & tests[1]
    moves = [
        {
            (a, b, n)
            for path in ("dma_npu3720.csv.gz", "dma_ground_truth.csv.gz")
            for rows in [read_dma_rows(shipped() / path, "3720")]
            for a, b, n, h in zip(
                rows.source.tolist(), rows.destination.tolist(), rows.nbytes.tolist(), rows.half, strict=True
            )
            if h == half
        }
        for half in (0, 1)
    ]
    assert all(moves) and not moves[0] & moves[1]


def test_the_halves_are_the_same_on_every_machine():
    assert [half_of(f"DDR>CMX {n}") for n in (128, 256, 1024, 4096, 8192, 16384)] == [1, 0, 0, 1, 0, 1]


def test_lines_that_begin_with_a_hash_are_comments(tmp_path):
    text = "# made by hand\n" + MAC + CONV.format("UINT8", 9000)
    with gzip.open(tmp_path / "mac_array_npu3720.csv.gz", "wt", encoding="utf-8") as file:
        file.write(text)
    assert len(read_mac_rows(tmp_path / "mac_array_npu3720.csv.gz").cycles) == 1


@needs_shared
def test_published_networks_are_predicted_from_the_graphs_beside_the_folder():
    result = validate(SHARED / "reference", ["meteor_lake"])
    nine = [row for row in result.networks if "155H" in row.product and row.judged]
    assert len(nine) == 9
    assert {row.model for row in nine} == {"resnet-50", "mobilenet-v2", "bert-base-cased"}
    assert all(row.predicted_us > 0 and row.published_us > 0 for row in nine)


def test_a_folder_of_ones_own_is_judged_in_all_its_rows(tmp_path):
    """The half no constant was fitted to is a half of the tables that were fitted to, not of any other."""
    text = MAC + "".join(
        CONV.format("UINT8", 9000).replace("56,56,64,56,56,64", f"56,56,64,56,56,{channels}")
        for channels in range(64, 1024, 64)
    )
    (tmp_path / "mac_array_npu3720.csv").write_text(text, encoding="utf-8")
    (found,) = [c for c in validate(tmp_path, ["meteor_lake"]).comparisons if c.what == "all"]
    assert found.judged.rows == found.all.rows == 15


def test_a_table_that_was_fitted_to_is_judged_by_its_other_half_wherever_it_lies(tmp_path):
    name = "mac_array_npu3720.csv.gz"
    (tmp_path / name).write_bytes((shipped() / name).read_bytes())
    (found,) = [c for c in validate(tmp_path, ["meteor_lake"]).comparisons if c.what == "all"]
    assert 0 < found.judged.rows < found.all.rows


def test_the_band_of_single_ops_covers_what_it_says():
    """Over the rows no constant was fitted to, of all tables that travel along: 70 to 90 of 100 an NPU."""
    inside, rows = {}, {}
    for c in validate().comparisons:
        whole = c.what in ("all", "one input, large", "one input, small", "other kernels")
        if c.covered is not None and c.against != "formula" and (whole or c.engine == "DMA"):
            inside[c.generation] = inside.get(c.generation, 0.0) + c.covered * c.judged.rows
            rows[c.generation] = rows.get(c.generation, 0) + c.judged.rows
    assert sorted(rows) == ["3720", "4000", "5010"]
    for generation, count in rows.items():
        assert 0.70 <= inside[generation] / count <= 0.90, generation


@needs_shared
def test_the_band_of_published_networks_covers_what_it_says():
    judged = [r for r in validate(SHARED / "reference", ["meteor_lake"]).networks if r.judged]
    covered = sum(r.covered for r in judged)
    assert covered / len(judged) >= 0.70
    # too wide a band is no news either: more than chance allows, were it right four times in five
    assert binomtest(covered, len(judged), 0.80, alternative="greater").pvalue >= 0.05
    assert all(r.band_us[1] <= 2 * r.band_us[0] for r in judged)
