"""Energy: units by hand, fewer zeros never take less, ratios between those of the parts, what cannot be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument
from npusim.whatif.power import factor, ideal_cycles
from npusim.work import MacOp, MacWork
from tests.whatif.small import NPUS, chain, chains


def found(graph, *texts, hw="lunar_lake"):
    report = npusim.suppose(graph, list(texts), hw, band=False)
    return next(one for one in report.what_ifs if one.name == "energy")


def test_units_of_a_product_by_hand():
    graph = chain(256, 256, 512)
    numbers = found(graph, "energy", hw="lunar_lake").numbers
    # 256 x 256 x 512 multiplications at 1,024 a cycle in fp16, 1.3 units a cycle (VPUNN: power.h).
    assert numbers["array_units"] == pytest.approx(256 * 256 * 512 / 1024 * 1.3)
    report = npusim.simulate(graph, band=False)
    assert numbers["ddr_bytes"] == pytest.approx(report.bytes_moved)
    eight = found(graph, "energy", "precision:activations=int8")
    assert eight.numbers["array_ratio"] < 0.5  # twice as fast at 1 unit in place of 1.3, and a quantise pass


def test_factors_are_of_the_op_the_type_and_the_generation():
    work = MacWork(int(MacOp.DEPTHWISE), 4, 4, 64, 64)
    assert factor(work, "4000") == pytest.approx(27.3) and factor(work, "5010") == 13.82
    hw = npusim.hardware("lunar_lake")
    assert ideal_cycles(MacWork(int(MacOp.CONVOLUTION), 64, 64, 512, 3), hw) == 64 * 64 * 512 * 16 / 1024


@given(graph=chains(), few=st.integers(0, 20), more=st.integers(0, 20), hw=st.sampled_from(NPUS))
def test_more_zeros_never_take_more(graph, few, more, hw):
    few, more = sorted((few, more))
    low, high = (found(graph, "energy", f"sparsity:weights={n / 20}", hw=hw).numbers for n in (few, more))
    assert high["array_units"] <= low["array_units"] * (1 + 1e-12)
    assert high["ddr_bytes"] <= low["ddr_bytes"] * (1 + 1e-12)
    assert high["ratio_high"] <= low["ratio_high"] + 1e-9 <= 1 + 2e-9


@given(graph=chains())
def test_of_a_change_that_changes_nothing_every_ratio_is_one(graph):
    numbers = found(graph, "energy", "sparsity").numbers
    assert numbers["ratio_low"] == numbers["ratio_high"] == 1.0


@given(st.lists(st.floats(0, 10), min_size=3, max_size=3))
def test_whatever_the_parts_weigh_the_ratio_lies_between(weights):
    graph = chain(256, 256, 512)
    numbers = found(graph, "energy", "precision:activations=int8").numbers
    before = found(graph, "energy").numbers
    parts = [("array_units", 1.0), ("ddr_bytes", 1e-3), ("dsp_units", 1.0)]
    was, now = (
        sum(w * scale * each[name] for w, (name, scale) in zip(weights, parts, strict=True))
        for each in (before, numbers)
    )
    if weights[0] + weights[1] > 0.01:
        assert numbers["ratio_low"] * 0.999 <= now / was
        assert now / was <= max(numbers["ratio_high"], numbers["dsp_units"] / before["dsp_units"]) * 1.001


def test_joules_are_those_measured_and_scaled():
    graph = chain(256, 256, 512)
    one = found(graph, "energy:idle_watts=1,loop_watts=3,loop_us=100")
    assert one.numbers["microjoules_low"] == one.numbers["microjoules_high"] == pytest.approx(200)
    two = found(graph, "energy:idle_watts=1,loop_watts=3,loop_us=100", "sparsity:weights=0.9")
    assert two.numbers["microjoules_low"] == pytest.approx(200 * two.numbers["ratio_low"])
    assert two.numbers["microjoules_high"] == pytest.approx(200 * two.numbers["ratio_high"])
    assert "microjoules_low" not in found(graph, "energy").numbers  # never by default


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("energy:idle_watts=1", "give both or none"),
        ("energy:idle_watts=3,loop_watts=2", "the loop takes 2 W and rest 3 W"),
        ("energy:loop_us=5", "loop_us is of the measured loop"),
        ("energy:loop_watts=-1,idle_watts=0", "loop_watts is -1; it must be greater than 0"),
    ],
)
def test_what_cannot_be_is_said(text, said):
    with pytest.raises(BadArgument, match=said):
        found(chain(64, 256, 512), text)


def test_what_composes_runs_comes_in_front():
    with pytest.raises(BadArgument, match="comes in front of it"):
        found(chain(64, 256, 512), "energy", "energy")
