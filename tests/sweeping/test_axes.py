"""What may be varied, how values are written, and how a wrong one is told."""

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.arch.units import is_whole, unit
from npusim.errors import BadArgument, BadHardware
from npusim.sweeping.axes import Range, make_axes, parse
from npusim.sweeping.design import make_design
from npusim.terminal.memory import parse_memory

HW = load_hardware("lunar_lake")


def axis(name, given, grid=True):
    return make_axes({name: given}, HW, grid)[0]


def test_a_range_is_evenly_spaced_and_its_ends_are_exact():
    values = axis("dma.bytes_per_cycle", "0.1:0.7:7").values
    assert values[0] == 0.1 and values[-1] == 0.7
    np.testing.assert_allclose(np.diff(values), 0.1)


def test_a_log_range_grows_in_equal_ratios_and_its_ends_are_exact():
    values = axis("dma.bytes_per_cycle", "16:128:4:log").values
    assert (values[0], values[-1]) == (16, 128)
    np.testing.assert_allclose(values[1:] / values[:-1], 2)


def test_a_range_of_a_whole_number_has_whole_values_once_each():
    assert axis("mac_array.lanes_8bit", "1:4:10").values.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("log", [False, True])
def test_shares_of_a_whole_range_reach_every_number_between_its_ends(log):
    found = axis("tiles", Range(1, 6, log=log), grid=False).pick(np.linspace(0, 1, 1001))
    assert sorted(set(found.tolist())) == [1, 2, 3, 4, 5, 6]


def test_shares_of_a_list_pick_its_values_alone():
    picked = axis("dma.latency_ns", [100, 900, 300], grid=False).pick(np.array([0, 0.34, 0.67, 1]))
    assert picked.tolist() == [100, 900, 300, 300]


def test_lists_texts_arrays_and_ranges_say_the_same():
    for given in ("16,32,48", [16, 32, 48], np.array([16, 32, 48]), range(16, 49, 16), Range(16, 48, 3)):
        assert axis("dma.bytes_per_cycle", given).values.tolist() == [16, 32, 48]


def test_names_that_shape_the_plan_are_known():
    vary = {"tiles": "1,2", "compiler": "2026", "precision": ["int8"], "mac_array.lookup_unit": "true,false",
            "dma.latency_ns": "1,2"}  # fmt: skip
    assert [a.shapes_plan for a in make_axes(vary, HW, True)] == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("dma.latency_ns", "ns"), ("ddr.bandwidth_gb_per_s", "GB/s"), ("scratchpad.capacity_bytes", "B"),
     ("dsp.kernels.default.cycles_per_element", "cycle/element"), ("dma.overlap_exponent", "1"), ("compiler", "1")],
)  # fmt: skip
def test_units_are_read_from_the_names(name, expected):
    assert unit(name) == expected


def test_every_number_of_the_schema_is_known_as_whole_or_not():
    for name in HW.numbers():
        half = HW.get(name) + 0.5
        try:
            HW.replace({name: half})
            refused = False
        except BadHardware as error:
            refused = "whole number" in str(error)
        assert is_whole(name) == refused, name


BAD = [
    ("dma.bytes_per_cycl", "1,2", BadHardware, "dma.bytes_per_cycle"),  # the nearest names
    ("bandwidth", "1,2", BadHardware, "no such number"),
    ("name", "a,b", BadArgument, "nothing to vary"),
    ("dma.bytes_per_cycle", "128:16:3", BadArgument, "backwards"),
    ("dma.bytes_per_cycle", "16:128:0", BadArgument, "values"),
    ("dma.bytes_per_cycle", "16:128:1", BadArgument, "2"),
    ("dma.bytes_per_cycle", "16:128", BadArgument, "needs a count"),
    ("dma.bytes_per_cycle", "16:128:3.5", BadArgument, "whole number"),
    ("dma.bytes_per_cycle", "16:128:3:exp", BadArgument, "log"),
    ("dma.bytes_per_cycle", "0:128:3:log", BadArgument, "above 0"),
    ("dma.bytes_per_cycle", "16:nan:3", BadArgument, "finite"),
    ("dma.bytes_per_cycle", "16:inf:3", BadArgument, "finite"),
    ("dma.bytes_per_cycle", "nan", BadHardware, "finite"),
    ("dma.bytes_per_cycle", "1e999,3", BadHardware, "finite"),
    ("dma.bytes_per_cycle", "0,16", BadHardware, "greater than 0"),
    ("dma.bytes_per_cycle", "-3:16:4", BadHardware, "greater than 0"),
    ("dma.bytes_per_cycle", "16,,32", BadArgument, "empty"),
    ("dma.bytes_per_cycle", "16,16", BadArgument, "twice"),
    ("dma.bytes_per_cycle", "wide", BadArgument, "no number"),
    ("dma.bytes_per_cycle", "true", BadArgument, "is a number"),
    ("dma.bytes_per_cycle", [], BadArgument, "no values"),
    ("dma.bytes_per_cycle", [None], BadArgument, "is a number"),
    ("dma.bytes_per_cycle", [[1, 2], [3]], BadArgument, "plain numbers"),
    ("dma.bytes_per_cycle", 10**40, BadHardware, "must be 0 or between"),
    ("mac_array.lookup_unit", "1,2", BadArgument, "true or false"),
    ("mac_array.lookup_unit", "0:1:2", BadArgument, "no range"),
    ("tiles", "1.5,2", BadHardware, "whole number"),
    ("tiles", "1,99", BadHardware, "tiles_max"),
    ("tiles", "0:3:4", BadHardware, "at least 1"),
    ("compiler", "1999", BadArgument, "2026"),
    ("compiler", Range(1, 2, 2), BadArgument, "no range"),
    ("precision", "fp32", BadArgument, "fp16, int8"),
    ("generation", "lunar", BadHardware, "generation"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "kind", "said"), BAD, ids=lambda v: str(v)[:24])
def test_a_value_that_is_none_is_refused_by_name_with_the_reason(name, given, kind, said):
    with pytest.raises(kind) as error:
        axis(name, given)
    assert name in str(error.value) and said in str(error.value)


def test_a_whole_range_without_a_whole_number_is_refused():
    with pytest.raises(BadArgument, match="no whole number"):
        axis("tiles", "1.2:1.8", grid=False)


def test_nothing_to_vary_is_refused():
    with pytest.raises(BadArgument, match="nothing to vary"):
        make_axes({}, HW, True)


@pytest.mark.parametrize("text", ["", ":", "::", "1:2:3:4", "1:2:x", "1:true:2", "one:two:3"])
def test_a_text_that_is_no_range_is_refused(text):
    with pytest.raises(BadArgument):
        parse("dma.latency_ns", text)


@pytest.mark.parametrize(
    ("method", "points", "seed"),
    [("gird", None, 0), ("grid", 5, 0), ("sobol", None, 0), ("sobol", 0, 0), ("sobol", -1, 0), ("lhs", 2.5, 0),
     ("random", True, 0), ("random", 3, -1), ("sobol", 2**31, 0)],
)  # fmt: skip
def test_a_design_that_is_none_is_refused(method, points, seed):
    with pytest.raises(BadArgument):
        make_design(make_axes({"dma.latency_ns": "1:2:2"}, HW, True), method, points, seed)


@pytest.mark.parametrize(
    ("text", "size"),
    [("512", 512), ("1KB", 1000), ("1 KiB", 1024), ("2gb", 2 * 10**9), ("1.5MB", 1_500_000), (10**9, 10**9)],
)
def test_sizes_of_memory(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1 gig", "0", "nan", "1e9"])
def test_a_size_that_is_none_is_refused(text):
    with pytest.raises(BadArgument, match="memory"):
        parse_memory(text)
