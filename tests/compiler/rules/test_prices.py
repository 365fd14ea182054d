"""A compiler profile's own prices: in the place of the file's numbers, behind those that somebody gave."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npusim
from npusim.arch.presets import list_hardware, load_hardware
from npusim.arch.sources import COMPILER
from npusim.compiler.rules.prices import KERNELS, OwnPrices
from npusim.compiler.rules.profile import list_profiles, load_profile
from npusim.errors import BadHardware
from npusim.graph import DType, Graph, Node, Value

PROFILE = load_profile("2026-as-released")
COSINE = Graph(
    "cosine",
    (Node("op", "Cos", ("x",), ("y",), {}),),
    {name: Value(name, (1024, 64), DType.FLOAT16) for name in "xy"},
    ("x",),
    ("y",),
    18,
)
EVERY = [
    (hw, name)
    for hw in list_hardware()
    for name in PROFILE.prices.of(load_hardware(hw).generation)
    if not name.endswith(".scalar") and load_hardware(hw).has(name)
]


def own(hw):
    """Names that are a compiler's."""
    return {name for name, source in hw.sources.items() if source.kind == COMPILER}


@pytest.mark.parametrize(
    "profile", [n for n in list_profiles() if n.startswith("2024") or n.endswith("measured")]
)
def test_what_the_silicon_takes_is_asked_without_a_compilers_prices(profile) -> None:
    for name in list_hardware():
        hw = load_hardware(name)
        assert load_profile(profile).priced(hw) is hw


def test_2026_prices_the_mac_array_of_two_npus_as_its_compiler_does_and_one_kernel_of_one() -> None:
    """A profile's prices lie over those of the profile it is based on, number by number. The kernel is Clamp of NPU
    3720, whose two published prices contradict each other by thirty times."""
    own_prices, released = load_profile("2026").prices, PROFILE.prices
    assert not own_prices.of("5010")
    for npu in ("3720", "4000"):
        taken, theirs = own_prices.of(npu), released.of(npu)
        kernels = {name for name in taken if not name.startswith("mac_array.")}
        assert {name.split(".")[2] for name in kernels} == ({"clamp"} if npu == "3720" else set())
        assert {n: taken[n][0] for n in kernels} == {n: theirs[n][0] for n in kernels}
        numbers = {name: taken[name] for name in taken.keys() - kernels}
        assert numbers and numbers.items() <= theirs.items()


@pytest.mark.parametrize("name", list_hardware())
def test_prices_stand_once_and_leave_as_they_came(name) -> None:
    hw = load_hardware(name)
    priced = PROFILE.priced(hw)
    assert own(priced) == {*PROFILE.prices.of(hw.generation)} and not own(hw)
    assert PROFILE.priced(priced) == priced and PROFILE.priced(hw) is priced
    assert load_profile("2026-measured").priced(priced) == hw
    assert load_hardware(name) == hw


@given(st.sampled_from(EVERY))
def test_a_number_somebody_gave_stays(which) -> None:
    """Even where it is what the file says."""
    hw, name = which
    given = load_hardware(hw).replace({name: load_hardware(hw).get(name)})
    priced = PROFILE.priced(given)
    assert priced.get(name) == given.get(name) and own(priced) == {*PROFILE.prices.of(given.generation)} - {
        name
    }


@pytest.mark.parametrize("name", list_hardware())
def test_the_range_of_a_price_reaches_the_files_own(name) -> None:
    hw = load_hardware(name)
    priced = PROFILE.priced(hw)
    for number in own(priced):
        ends = priced.sources[number].range
        if ends and not number.startswith(KERNELS):
            assert ends[0] <= hw.get(number) <= ends[1] and ends[0] < priced.get(number) < ends[1]


def test_a_report_says_whose_prices_it_has() -> None:
    plain = npusim.simulate(COSINE, "meteor_lake", "2026-measured")
    report = npusim.simulate(COSINE, "meteor_lake", "2026-as-released")
    assert plain.priced == "" and "compiler" not in plain.coverage
    assert "as Intel's compiler 8.4 prices them" in report.priced and "dsp.kernels.cos" in report.priced
    assert "dsp.kernels.exp" not in report.priced
    assert report.coverage["compiler"]["time"] > 0.5 and report.nodes[0].source == COMPILER
    low, high = report.band_us
    assert low < report.latency_us < plain.latency_us < high  # 1.5 cycles an element there, 44 profiled


def test_a_point_of_a_sweep_is_the_run_at_that_point() -> None:
    name = "dsp.kernels.cos.cycles_per_element"
    swept = npusim.sweep(COSINE, "meteor_lake", {name: [1.5, 30.0]}, compiler="2026-as-released")
    for k, value in enumerate((1.5, 30.0)):
        hw = load_hardware("meteor_lake").replace({name: value})
        alone = npusim.simulate(COSINE, hw, "2026-as-released", band=False)
        assert float(swept["latency_us"].values.ravel()[k]) == pytest.approx(alone.latency_us)
    assert float(swept["latency_us"].values.ravel()[0]) == pytest.approx(
        npusim.simulate(COSINE, "meteor_lake", "2026-as-released", band=False).latency_us
    )


def test_an_npu_planned_as_another_has_that_ones_prices() -> None:
    hw = load_hardware("panther_lake").replace({"generation": "6000", "planned_as": "5010"})
    assert own(PROFILE.priced(hw)) == {*PROFILE.prices.of("5010")}


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"numbers": {"3720": {"tiles": {"value": 2, "from": "x"}}}}, "shapes the plan"),
        (
            {"numbers": {"3720": {"dsp.kernels.cos.launch_cycles": {"value": 2, "from": "x"}}}},
            "belongs to a line",
        ),
        ({"numbers": {"3720": {"dma.latency_ns": 3}}}, "from"),
        (
            {"kernels": {"3720": {"from": "x", "cos": {"launch_cycles": -1, "cycles_per_element": 1}}}},
            "at least 0",
        ),
    ],
)
def test_what_is_no_price_is_refused(tables, said) -> None:
    with pytest.raises(ValueError, match=said):
        OwnPrices(**tables)


def test_a_number_no_hardware_has_is_named_with_the_nearest() -> None:
    prices = OwnPrices(**{"numbers": {"3720": {"from": "x", "dma.latency": 3}}})
    with pytest.raises(BadHardware, match=r"dma\.latency: no such number .*nearest: dma\.latency_ns"):
        replace(PROFILE, prices=prices).priced(load_hardware("meteor_lake"))


def test_a_kernel_the_file_has_not_is_added() -> None:
    line = {"launch_cycles": 10, "cycles_per_element": 2}
    prices = OwnPrices(**{"kernels": {"3720": {"from": "x", "new_one": line}}})
    hw = replace(PROFILE, prices=prices).priced(load_hardware("meteor_lake"))
    assert hw.dsp.kernels["new_one"].cycles_per_element == 2
    assert "new_one" not in load_profile("2026").priced(hw).dsp.kernels


@pytest.mark.parametrize(
    "text", ["3", "{numbers: 3}", '{numbers: {"4000": 3}}', '{numbers: {"4000": {dma.latency_ns: x}}}', "[1]"]
)
def test_prices_that_are_none_over_those_of_another_profile_are_refused_in_words(tmp_path, text) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f'name: p\nproduct: p\nbased_on: "2026"\nprices: {text}\n')
    with pytest.raises(BadHardware, match="prices"):
        load_profile(str(path))
