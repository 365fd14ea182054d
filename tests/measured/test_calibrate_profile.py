"""`npusim calibrate profile`: hidden numbers come back from profiles made with them, or are named as undetermined."""

import json
import re

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from onnx import save

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.measured.fitted import fit_profile
from npusim.measured.observations import observe
from npusim.measured.readers.trace_file import read_trace
from npusim.simulation import simulate
from tests.cli.conftest import npusim  # noqa: F401
from tests.measured.samples import (
    LUNAR,
    NET,
    NPU_COUNTERS,
    NPU_SUMMARY,
    REPORTS,
    net,
    synthetic_trace,
    write,
)

BASES = {name: load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")}
PROFILE = "2026-measured"
PLANS = {
    n: (compile_graph(NET, hw, load_profile(PROFILE)), simulate(NET, hw, PROFILE)) for n, hw in BASES.items()
}
CLOCKS = ("mac_array.clock_mhz", "dsp.clock_mhz")


def fitted(base, hidden, noise=0.0, seed=0):
    """The fit of `base` to a profile of `hidden`."""
    plan, report = PLANS[base]
    profile = read_trace(synthetic_trace(NET, hidden, noise, seed), "synthetic.json")
    return fit_profile(
        BASES[base], observe(plan, report, NET, [profile], BASES[base].generation), "synthetic.json"
    )


@settings(
    max_examples=10, phases=[Phase.explicit, Phase.generate]
)  # each example is a whole fit: no shrinking
@given(
    st.sampled_from(sorted(BASES)),
    st.tuples(st.floats(0.7, 1.3), st.floats(0.7, 1.3), st.floats(0.4, 1.0), st.floats(0.5, 2.0)),
    st.sampled_from([0.0, 0.01, 0.02]),
    st.integers(0, 1000),
)
def test_hidden_numbers_are_recovered_within_the_noise(base, factors, noise, seed):
    hw = BASES[base]
    names = (*CLOCKS, "ddr.bandwidth_gb_per_s", "dma.latency_ns")
    hidden = hw.replace({n: float(hw.get(n)) * f for n, f in zip(names, factors, strict=True)})
    found = fitted(base, hidden, noise, seed)
    off = {f.name: (f.after / float(hidden.get(f.name)) - 1, f.error) for f in found.fitted}
    wrong = {n: pair for n, pair in off.items() if abs(pair[0]) > 5 * pair[1] + 0.005}
    assert not wrong
    assert set(CLOCKS) <= set(off) or any(n in found.undetermined for n in CLOCKS)
    assert all(f.error < 0.5 for f in found.fitted)
    for name in found.undetermined:
        assert float(found.after.get(name)) == float(hw.get(name))


@pytest.mark.slow
@settings(max_examples=4)
@given(st.sampled_from(sorted(BASES)), st.floats(8e3, 4e4), st.integers(0, 1000))
def test_a_hidden_least_time_of_a_step_is_recovered(base, step, seed):
    found = fitted(base, BASES[base].replace({"step.minimum_ns": step}), 0.01, seed)
    number = next(f for f in found.fitted if f.name == "step.minimum_ns")
    assert abs(number.after / step - 1) <= 5 * number.error + 0.005


@settings(max_examples=4)
@given(st.floats(2.0, 6.0), st.sampled_from(["softplus", "sqrt", "exp"]))
def test_a_kernel_that_is_slower_than_its_line_is_found_and_no_clock_is_blamed(times, kernel):
    line = f"dsp.kernels.{kernel}"
    parts = [f"{line}.launch_cycles", f"{line}.cycles_per_element"]
    hidden = LUNAR.replace({n: float(LUNAR.get(n)) * times for n in parts})
    found = fitted("lunar_lake", hidden, 0.005)
    freed = [f.name for f in found.fitted if f.name.startswith("dsp.kernels.")]
    assert freed and all(n.startswith(line) for n in freed)
    assert float(found.after.dsp.clock_mhz) == pytest.approx(float(LUNAR.dsp.clock_mhz), rel=0.03)


@pytest.mark.parametrize("base", sorted(BASES))
def test_a_profile_of_the_base_itself_changes_no_number_by_much(base):
    found = fitted(base, BASES[base])
    assert all(f.after == pytest.approx(f.before, rel=0.02) for f in found.fitted)
    assert all(e.after <= e.before + 0.1 for e in found.errors)


@pytest.mark.parametrize("base", sorted(BASES))
def test_the_error_falls(base):
    hw = BASES[base]
    found = fitted(base, hw.replace({n: float(hw.get(n)) * 0.8 for n in CLOCKS}), 0.02)
    before, after = (np.mean([getattr(e, side) for e in found.errors]) for side in ("before", "after"))
    assert after < before / 2


def test_a_number_that_nothing_depends_on_is_named_as_undetermined():
    """Without stores faster than the bandwidth, the port's own rate shows nowhere in this network."""
    found = fitted("meteor_lake", BASES["meteor_lake"])
    named = [f.name for f in found.fitted]
    assert found.undetermined and all(why for why in found.undetermined.values())
    assert not set(named) & set(found.undetermined)


@pytest.fixture
def files(tmp_path):
    save(net(), tmp_path / "net.onnx")
    hidden = LUNAR.replace({"dsp.clock_mhz": 800.0, "ddr.bandwidth_gb_per_s": 60.0})
    write(tmp_path, "profiling.json", synthetic_trace(NET, hidden, 0.01))
    return tmp_path


def test_the_command_writes_what_changed_with_source_file_and_date(npusim, files):  # noqa: F811
    out = files / "my_laptop.yaml"
    answer = npusim(
        "calibrate",
        "profile",
        files / "profiling.json",
        "--model",
        files / "net.onnx",
        "--hw",
        "lunar_lake",
        "-o",
        out,
    )
    assert answer.code == 0, answer.err
    assert "ddr.bandwidth_gb_per_s" in answer.out and "before" in answer.out
    text = out.read_text()
    assert "based_on: lunar_lake" in text and re.search(
        r"profiling.json \(measured\), fitted \d{4}-\d\d-\d\d", text
    )
    mine = load_hardware(out)
    assert float(mine.ddr.bandwidth_gb_per_s) == pytest.approx(60, rel=0.05)
    assert float(mine.dsp.clock_mhz) == pytest.approx(800, rel=0.05)
    assert mine.sources["ddr.bandwidth_gb_per_s"].kind == "fitted"
    changed = [n for n, v in mine.numbers().items() if v != LUNAR.get(n)]
    assert 2 <= len(changed) <= 8


def test_a_profile_of_other_tiles_is_planned_with_its_tiles(npusim, files):  # noqa: F811
    trace = synthetic_trace(NET, LUNAR.replace({"tiles": 2}))
    path = write(files, "two.json", trace)
    answer = npusim(
        "calibrate", "profile", path, "--model", files / "net.onnx", "--hw", "lunar_lake", "-o", "-"
    )
    assert answer.code == 0 and "tiles:" not in answer.out


@pytest.mark.slow
def test_layer_counters_with_their_summary_are_fitted_to(npusim, tmp_path):  # noqa: F811
    write(tmp_path, "benchmark_report.csv", NPU_SUMMARY)
    counters = write(tmp_path, "counters.csv", NPU_COUNTERS)
    out = tmp_path / "o.yaml"
    answer = npusim(
        "calibrate", "profile", counters, "--model", REPORTS / "model.onnx", "--hw", "meteor_lake", "-o", out
    )
    assert answer.code == 0, answer.err
    assert "layer span" in answer.out and "latency" in answer.out
    load_hardware(out)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda d: REPORTS / "detailed" / "benchmark_detailed_counters_report.csv", ["recorded on a CPU"]),
        (lambda d: REPORTS / "npusim_trace.json", ["prediction of npusim"]),
        (lambda d: write(d, "c.csv", NPU_COUNTERS), ["does not say on which device"]),
        (lambda d: write(d, "t.json", synthetic_trace(NET, LUNAR, status="INVALID")), ["INVALID"]),
        (lambda d: write(d, "b.csv", NPU_SUMMARY), ["only 1 times"]),
    ],
)
def test_a_profile_that_must_not_be_fitted_to_is_refused(npusim, files, make, words):  # noqa: F811
    out = files / "o.yaml"
    answer = npusim(
        "calibrate", "profile", make(files), "--model", files / "net.onnx", "--hw", "lunar_lake", "-o", out
    )
    assert answer.code == 2 and answer.err.count("\n") == 1 and all(w in answer.err for w in words), (
        answer.err
    )
    assert not out.exists()


def test_a_profile_of_another_model_is_refused(npusim, files):  # noqa: F811
    text = json.dumps(synthetic_trace(NET, LUNAR))
    for i in range(6):
        text = text.replace(f'"m{i}', f'"q{i}').replace(f'"a{i}', f'"r{i}')
    other = write(files, "other.json", text)
    answer = npusim(
        "calibrate",
        "profile",
        other,
        "--model",
        files / "net.onnx",
        "--hw",
        "lunar_lake",
        "-o",
        files / "o.yaml",
    )
    assert answer.code == 2 and "profile of this model" in answer.err


def test_what_a_block_and_a_profile_need_is_told(npusim, files):  # noqa: F811
    cases = [
        (["profile", "--hw", "lunar_lake", "-o", "-"], "needs REPORT files and --model"),
        (["dma", "--hw", "lunar_lake", "-o", "-"], "needs --reference DIR"),
        (["dma", "x.json", "--hw", "lunar_lake", "-o", "-", "--reference", files], "are for 'profile'"),
    ]
    for words, expected in cases:
        answer = npusim("calibrate", *words)
        assert answer.code == 2 and expected in answer.err
