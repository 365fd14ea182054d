"""Fits: known constants are found again from rows made with them; the command writes what changed."""

import csv
import gzip
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.dma import MEMORIES
from npusim.arch.presets import load_hardware
from npusim.errors import BadArgument
from npusim.reference import dma_fit as dma
from npusim.reference import dsp_fit as dsp
from npusim.reference import mac_array_fit as mac_array
from npusim.reference.fit import calibrate
from npusim.reference.folder import shipped
from npusim.reference.rows import half_of, read_mac_rows

FEW = settings(max_examples=4, deadline=None, derandomize=True)
NPU = load_hardware("lunar_lake")
ELTWISE = mac_array.of_block(read_mac_rows(shipped() / "mac_array_npu4000.csv.gz"), "eltwise")


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "npusim", *map(str, words)], capture_output=True, text=True, encoding="utf-8"
    )


def transfers(hw):
    """Rows of every direction on one and on two ports, as `hw` itself would take."""
    sizes = np.geomspace(64, 1 << 20, 40).round()
    directions = [(MEMORIES[a], MEMORIES[b]) for a, b in dma.DIRECTIONS]
    grid = [(a, b, n, p) for a, b in directions for n in sizes for p in (1, 2)]
    source, destination, nbytes, ports = (np.array(column) for column in zip(*grid, strict=True))
    half = np.array([half_of(f"{a}>{b} {n}") for a, b, n, _ in grid])
    codes = (source.astype(int), destination.astype(int))
    empty = dma.DmaRows(*codes, nbytes, ports, np.ones(len(grid)), half)
    return dma.DmaRows(*codes, nbytes, ports, dma.price_rows(empty, hw), half)


@FEW
@given(st.floats(200, 700), st.floats(20, 50), st.floats(0.3, 0.9), st.floats(0.5, 0.95), st.floats(100, 300))
def test_a_dma_is_found_again_from_transfers_it_made(latency, rate, latency_ratio, both, page):
    made = NPU.replace(
        {
            "dma.latency_ns": latency,
            "dma.bytes_per_cycle": rate,
            "dma.page_ns": page,
            "dma.both_ports_rate_ratio": both,
            "dma.scratchpad_to_ddr.latency_ratio": latency_ratio,
        }
    )
    found = dma.fit_dma(NPU, transfers(made))
    assert found.get("dma.latency_ns") == pytest.approx(latency, rel=0.03)
    assert found.get("dma.bytes_per_cycle") == pytest.approx(rate, rel=0.01)
    assert found.get("dma.page_ns") == pytest.approx(page, rel=0.1)
    assert found.get("dma.both_ports_rate_ratio") == pytest.approx(both, rel=0.02)
    assert found.get("dma.scratchpad_to_ddr.latency_ratio") == pytest.approx(latency_ratio, rel=0.05)
    assert (
        found.sources["dma.latency_ns"].kind == "fitted"
        and "held out" in found.sources["dma.latency_ns"].where
    )


@FEW
@given(st.floats(50, 300), st.floats(30, 120), st.floats(8, 30))
def test_eltwise_constants_are_found_again_from_rows_they_made(overhead, eight, sixteen):
    names = ("overhead_cycles", "elements_per_cycle_8bit", "elements_per_cycle_16bit")
    truth = dict(zip((f"mac_array.eltwise.{n}" for n in names), (overhead, eight, sixteen), strict=True))
    made = NPU.replace(truth)
    rows = mac_array.MacRows(**vars(ELTWISE) | {"cycles": mac_array.price_rows(ELTWISE, made)})
    found = mac_array.fit_block(NPU, "eltwise", rows)
    for name, value in truth.items():
        assert found.get(name) == pytest.approx(value, rel=0.02)
    assert mac_array.halves(rows, found)[1][1] < 1.0


@FEW
@given(st.floats(500, 5000), st.floats(0.05, 20))
def test_a_kernel_line_is_found_again_from_rows_it_made(launch, slope):
    elements = np.arange(1, 41) * 4096.0
    made = NPU.replace({"dsp.kernels.abs.launch_cycles": launch, "dsp.kernels.abs.cycles_per_element": slope})
    columns = [np.full(40, word) for word in (dsp.PROFILED, "abs")]
    half = np.arange(40) % 2
    rest = (elements, np.ones(40), np.full(40, True), np.full(40, NPU.mac_array.clock_mhz), np.ones(40), half)
    empty = dsp.DspRows(*columns, *rest)
    rows = dsp.DspRows(**vars(empty) | {"ns": dsp.price_rows(empty, made)})
    found = dsp.fit_dsp(NPU, rows)
    assert found.get("dsp.kernels.abs.launch_cycles") == pytest.approx(launch, rel=0.01)
    assert found.get("dsp.kernels.abs.cycles_per_element") == pytest.approx(slope, rel=0.01)
    assert found.get("dsp.kernels.exp.launch_cycles") == NPU.get("dsp.kernels.exp.launch_cycles")


def test_numbers_the_rows_do_not_tell_of_stay_as_they_are():
    found = mac_array.fit_block(NPU, "convolution", ELTWISE)
    assert found == NPU
    dense = read_mac_rows(shipped() / "mac_array_npu5010_lut.csv.gz")
    assert not (dense.work.weight_zeros > 0).any()
    npu = load_hardware("panther_lake")
    fitted = mac_array.fit_block(npu, "convolution", dense)
    assert fitted.get("mac_array.convolution.sparsity_saving") == npu.get(
        "mac_array.convolution.sparsity_saving"
    )


def test_only_half_of_the_rows_is_fitted():
    """Rows of the other half may be anything: the fit does not see them."""
    spoilt = mac_array.MacRows(**vars(ELTWISE) | {"cycles": np.where(ELTWISE.half == 1, 1e9, ELTWISE.cycles)})
    clean, blind = (mac_array.fit_block(NPU, "eltwise", rows) for rows in (ELTWISE, spoilt))
    names = mac_array.names_of(NPU, "eltwise")
    assert [clean.get(n) for n in names] == [blind.get(n) for n in names]


def test_the_command_writes_what_changed_and_it_can_be_loaded(tmp_path):
    out = tmp_path / "new.yaml"
    done = run("calibrate", "dsp", "--reference", shipped(), "--hw", "lunar_lake", "-o", out)
    assert done.returncode == 0, done.stderr
    assert "held out" in done.stdout and "before" in done.stdout
    found, base = load_hardware(out), load_hardware("lunar_lake")
    changed = {n for n, value in found.numbers().items() if value != base.get(n)}
    assert changed and all(name.startswith("dsp.kernels.") for name in changed)
    assert all(found.sources[name].kind == "fitted" for name in changed)
    assert "based_on: lunar_lake" in out.read_text("utf-8") and "clock_mhz" not in out.read_text("utf-8")


def test_a_file_can_be_calibrated_too_and_stays_the_base(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "mine.yaml").write_text("name: mine\nbased_on: lunar_lake\n", encoding="utf-8")
    out = tmp_path / "sub" / "new.yaml"
    words = ("calibrate", "dma", "--reference", shipped(), "--hw", tmp_path / "mine.yaml", "-o", out)
    assert run(*words).returncode == 0
    assert "based_on: ../mine.yaml" in out.read_text("utf-8")
    assert load_hardware(out).name == "mine_dma"


def test_calibrating_again_from_the_same_rows_changes_next_to_nothing():
    first = calibrate("dma", shipped(), load_hardware("meteor_lake")).after
    again = calibrate("dma", shipped(), first)
    held = [e for e in again.errors if e.half == "held out"]
    assert held and all(e.after == pytest.approx(e.before, abs=0.5) for e in held)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("magic", "--hw", "lunar_lake"), "block 'magic' is not on offer"),
        (("dma", "--hw", "mars"), "no hardware named 'mars'"),
        (("dma", "--hw", "lunar_lake", "--reference", "nowhere"), "is no folder"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path, words, says):
    out = tmp_path / "new.yaml"
    extra = () if "--reference" in words else ("--reference", shipped())
    done = run("calibrate", *words, *extra, "-o", out)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and says in done.stderr
    assert not out.exists()


def test_a_folder_without_the_table_is_told(tmp_path):
    with pytest.raises(BadArgument, match=r"has no mac_array_npu4000_lut.csv.gz or mac_array_npu4000.csv.gz"):
        calibrate("mac-array", tmp_path, NPU)


def test_a_table_without_the_way_in_cannot_fit_the_others(tmp_path):
    with gzip.open(shipped() / "dma_npu4000.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.reader(line for line in file if line[0] != "#") if "DDR2CMX" not in row]
    with (tmp_path / "dma_npu4000.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(BadArgument, match="no transfers from DDR to scratchpad"):
        calibrate("dma", tmp_path, NPU)
