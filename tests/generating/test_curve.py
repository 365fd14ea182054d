"""A straight line between planned contexts is held to plans in between."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

import npusim
from npusim.generating.curve import FULL, curve
from npusim.generating.passes import run
from tests.generating.models import LLAMA, conditions, config, passes
from tests.shared import SHARED, needs_shared


@dataclass(frozen=True)
class Planned:
    """As much of a planned pass as a line needs."""

    past: int
    time_us: float
    parts_us: dict = field(default_factory=dict)
    structure: int = 0


CONFIGS = SHARED / "graphs" / "llm" / "configs"


def plans(model, on):
    return lambda past: run(model.graph(1, past), on, past, 1)


def off(line, true):
    """By what part the line misses each true time."""
    return np.array([abs(float(line.time_us([past])[0]) / time - 1) for past, time in true.items()])


def test_planned_contexts_are_on_the_line_and_the_parts_sum_to_it(tmp_path):
    line = curve(plans(passes(config(tmp_path, LLAMA)), conditions()), 63, 2047, most=6)
    assert line.knots[0].past == 63 and line.knots[-1].past == 2047 and len(line.knots) <= 6
    for knot in line.knots:
        assert float(line.time_us([knot.past])[0]) == pytest.approx(knot.time_us)
    where = np.arange(63, 2048, 100)
    assert sum(line.parts_us(where).values()) == pytest.approx(line.time_us(where))


def test_an_end_of_whole_sixteens_does_not_pull_the_line_down():
    """Steps behind 2,047 rows read 2,048, which no compiler fills up: 40 % less time, and one token in sixteen."""

    def plan_at(past):
        return Planned(past, 60.0 if (past + 1) % 16 == 0 else 100.0)

    line = curve(plan_at, 1000, 2047)
    assert line.time_us([2047]) == 60.0
    assert line.mean(range(1000, 2047)).time_us == 100.0


def test_plans_of_a_prompt_lie_where_its_passes_do():
    """Passes of 512 rows behind 0, 512, 1,024 ... rows: no plan is made for a place between two."""
    asked = []

    def plan_at(past):
        asked.append(past)
        return Planned(past, 100.0 + past**1.5)

    curve(plan_at, 0, 512 * 30, most=8, every=512)
    assert len(asked) > 3 and all(past % 512 == 0 for past in asked)


def test_a_curve_over_static_caches_is_planned_at_their_sizes(tmp_path):
    """Multiples of 64 rows all fill their sixteens: each point of the curve is what a question for that context says
    (those between had been told as contexts that fill none, so that the last one of all rose)."""
    folder = config(tmp_path, LLAMA)
    found = npusim.generate(folder, weights="int4", curve=range(128, 8192 + 1, 64))
    speeds = [point.tokens_per_s for point in found.curve]
    assert all(later <= earlier * 1.001 for earlier, later in pairwise(speeds))
    at = plans(passes(folder, weights="int4"), conditions())
    for point in found.curve[::25]:
        assert 1e6 / point.tokens_per_s == pytest.approx(at(point.context - 1).time_us, rel=0.04)


def test_a_growing_cache_is_told_at_contexts_that_fill_no_sixteens(tmp_path):
    folder = config(tmp_path, LLAMA)
    found = npusim.generate(folder, growing=True, curve=[1024, 2048])
    at = plans(passes(folder, growing=True), conditions())
    assert 1e6 / found.curve[-1].tokens_per_s == pytest.approx(at(2048).time_us)


def test_one_context_is_one_plan(tmp_path):
    assert len(curve(plans(passes(config(tmp_path, LLAMA)), conditions()), 511, 511).knots) == 1


def test_the_mean_of_a_run_is_the_mean_of_its_tokens(tmp_path):
    line = curve(plans(passes(config(tmp_path, LLAMA)), conditions()), 100, 900)
    stands = line.mean(range(100, 901))
    assert stands.time_us == pytest.approx(float(np.mean(line.time_us(range(100, 901)))))
    assert sum(stands.parts_us.values()) == pytest.approx(stands.time_us)


@pytest.mark.parametrize("weights", ["fp16", "int4"])
def test_a_small_model_is_within_four_percent_of_plans_in_between(tmp_path, weights):
    at = plans(passes(config(tmp_path, LLAMA), weights=weights), conditions())
    true = {past: at(past).time_us for past in range(127, 4096, 191)}
    missed = off(curve(at, 127, 4095), true)
    uneven = np.array([(past + 1) % FULL > 0 for past in true])
    assert missed[uneven].max() < 0.04 and missed.mean() < 0.01
    assert missed.max() < 0.08  # one in sixteen needs no filling up


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("hw", ["meteor_lake", "lunar_lake"])
def test_llama_3_2_1b_to_32k_is_within_ten_percent_and_two_on_average(hw):
    """Where the structure changes the time jumps, and a stretch of seven percent of contexts is left to a line."""
    at = plans(passes(str(CONFIGS / "llama-3.2-1b"), weights="int4"), conditions(hw))
    true = {past: at(past).time_us for past in np.unique(np.geomspace(127, 32_767, 12).astype(int)).tolist()}
    missed = off(curve(at, 127, 32_767), true)
    assert missed.max() < 0.10 and missed.mean() < 0.02
    full = [past // 64 * 64 + 63 for past in true]
    true = {past: at(past).time_us for past in full}
    missed = off(curve(at, 127, 32_767, every=64), true)
    assert missed.max() < 0.10 and missed.mean() < 0.02
