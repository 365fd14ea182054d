"""Laws and hand counts of DSP kernels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.dsp import dsp_cycles, dsp_ns, has_kernel, kernel_lines
from npusim.arch.presets import load_hardware
from npusim.errors import BadHardware
from npusim.ops.kernels import KERNELS
from tests.arch.works import LAW

NPUS = {name: load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")}
npus = st.sampled_from(list(NPUS.values()))
names = st.sampled_from(sorted(NPUS["lunar_lake"].dsp.kernels))


@pytest.mark.parametrize("name", NPUS)
def test_every_kernel_an_op_may_ask_for_has_a_line(name):
    assert [k for k in KERNELS if not has_kernel(NPUS[name], k)] == []


def test_a_kernel_without_a_line_is_an_error_and_never_free():
    with pytest.raises(BadHardware, match=r"dsp.kernels has no line 'sofmax'.*nearest: softmax"):
        kernel_lines(NPUS["lunar_lake"], ["sofmax"])


def test_a_line_is_launch_elements_and_rows_by_hand():
    hw = NPUS["lunar_lake"]
    line = hw.dsp.kernels["softmax"]
    by_hand = line.launch_cycles + 4096 * line.cycles_per_element + 64 * line.cycles_per_row
    lines = kernel_lines(hw, ["softmax"])
    assert dsp_cycles(lines, [4096], [64])[0] == pytest.approx(by_hand)
    assert dsp_ns(lines, [4096], [64], hw)[0] == pytest.approx(by_hand / hw.dsp.clock_mhz * 1e3)


@LAW
@given(st.lists(names, min_size=1, max_size=8), npus, st.integers(0, 10**6), st.integers(1, 1000))
def test_a_column_of_kernels_equals_the_kernels_one_by_one(column, hw, elements, rows):
    column = [name if has_kernel(hw, name) else "default" for name in column]
    counts = elements + np.arange(len(column))
    together = dsp_ns(kernel_lines(hw, column), counts, rows, hw)
    alone = [dsp_ns(kernel_lines(hw, [k]), [n], rows, hw)[0] for k, n in zip(column, counts, strict=True)]
    assert together == pytest.approx(alone)


def test_a_sweep_of_clock_and_line_equals_its_points():
    hw, column = NPUS["lunar_lake"], ["mul", "cumsum", "softmax"]
    axes = {"dsp.clock_mhz": [500.0, 2000.0], "dsp.kernels.cumsum.cycles_per_element": [7.0, 60.0]}
    counts = np.array([100, 2000, 30000])
    swept_hw = hw.replace(axes)
    swept = dsp_ns(kernel_lines(swept_hw, column), counts[:, None], 5, swept_hw)
    for point in range(2):
        alone = hw.replace({name: values[point] for name, values in axes.items()})
        assert swept[:, point] == pytest.approx(dsp_ns(kernel_lines(alone, column), counts, 5, alone))


@LAW
@given(names, npus, st.integers(0, 10**6), st.floats(1.0, 8.0))
def test_a_faster_clock_or_wider_vector_is_never_slower_and_more_elements_never_cheaper(
    name, hw, elements, factor
):
    name = name if has_kernel(hw, name) else "default"
    base = dsp_ns(kernel_lines(hw, [name]), [elements], 1, hw)[0]
    for number in ("dsp.clock_mhz", "dsp.vector_bits"):
        better = hw.replace({number: hw.get(number) * factor})
        assert dsp_ns(kernel_lines(better, [name]), [elements], 1, better)[0] <= base * (1 + 1e-12)
    assert dsp_ns(kernel_lines(hw, [name]), [elements + 1], 1, hw)[0] >= base


def test_scalar_kernels_gain_nothing_from_a_wider_vector():
    hw = NPUS["lunar_lake"]
    wide = hw.replace({"dsp.vector_bits": 1024})
    before, after = (kernel_lines(h, ["cumsum", "mul"]).cycles_per_element for h in (hw, wide))
    assert after[0] == before[0] and after[1] == pytest.approx(before[1] / 2)


def test_the_kind_of_a_line_is_its_weakest_source():
    hw = NPUS["lunar_lake"]
    assert kernel_lines(hw, ["exp", "add", "relu"]).kinds == ("published", "assumed", "fitted")
    touched = hw.replace({"dsp.kernels.exp.launch_cycles": 1})
    assert kernel_lines(touched, ["exp"]).kinds == ("assumed",)


def test_two_input_kernels_do_not_take_the_suspect_scalar_lines_at_face_value():
    for hw in NPUS.values():
        for name in ("add", "sub", "div", "less", "select", "power"):
            if has_kernel(hw, f"{name}_scalar"):
                slow = hw.dsp.kernels[f"{name}_scalar"].cycles_per_element
                assert hw.dsp.kernels[name].cycles_per_element < slow / 50


def test_the_page_lists_the_ops_whose_kernel_nobody_priced():
    """docs/hardware.md, "Kernels nobody priced"."""
    from pathlib import Path

    from npusim.arch.presets import list_hardware, load_hardware
    from npusim.ops.registry import known_ops

    every = [load_hardware(name) for name in list_hardware()]
    where = "no figure anywhere"
    bare = {
        kernel
        for kernel in every[0].dsp.kernels
        if all(where in hw.source(f"dsp.kernels.{kernel}.cycles_per_element").where for hw in every)
    }
    ops = {kernel: {info.op for info in known_ops() if kernel in info.kernels} for kernel in bare}
    rows = [f"| `{kernel}` | {', '.join(sorted(names))} |" for kernel, names in sorted(ops.items()) if names]
    page = (Path(__file__).parents[2] / "docs" / "hardware.md").read_text("utf-8")
    section = page.partition("### Kernels nobody priced")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == rows
