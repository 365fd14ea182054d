"""NF4's table is looked up where the compiler's profile says, and the page says at whose price."""

from dataclasses import replace

import pytest

import npusim
from npusim.compiler.rules.profile import load_profile
from tests.generating.models import LLAMA, config


@pytest.mark.parametrize("weights", ["nf4", "nf4-double"])
def test_a_look_up_in_the_weight_path_costs_what_int4_does(tmp_path, weights):
    model = config(tmp_path, LLAMA)
    asked = {"prompt": 64, "tokens": 16, "group": 64}
    found, four = (npusim.generate(model, weights=w, **asked) for w in (weights, "int4"))
    assert found.step.macs == four.step.macs and found.step.tasks == four.step.tasks
    if weights == "nf4":
        assert found.step.time_us == pytest.approx(four.step.time_us, rel=1e-3)
    else:
        assert found.step.must.weights < four.step.must.weights
    assert "!quant.quantile<ui4:f16>" in found.unpacking and not four.unpacking


def test_a_profile_may_have_the_dsps_look_up(tmp_path):
    profile = load_profile("2026-measured")
    by_dsp = replace(profile, packed_weights=replace(profile.packed_weights, unpack={"4000": "dsp"}))
    model = config(tmp_path, LLAMA)
    found, free = (
        npusim.generate(model, prompt=64, tokens=16, weights="nf4", compiler=one)
        for one in (by_dsp, "2026-measured")
    )
    assert found.step.time_us > 1.5 * free.step.time_us
    assert "DSP kernel" in found.unpacking and "a Gather of one element a weight" in found.unpacking
