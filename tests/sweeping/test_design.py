"""Designs: the same points however they are cut, and spread as their methods promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.choices import Method
from npusim.sweeping import design as designs
from npusim.sweeping.axes import make_axes
from npusim.sweeping.design import make_design
from tests.sweeping.graph import RANGES, VARY

HW = load_hardware("lunar_lake")
POINTS = 300


def made(method, seed=3):
    if method == "grid":
        return make_design(make_axes(VARY, HW, True), "grid", None, seed)
    return make_design(make_axes(RANGES, HW, False), method, POINTS, seed)


@pytest.mark.parametrize("method", list(Method))
@given(most=st.integers(1, 400), data=st.data())
def test_blocks_cover_every_point_once_and_agree_with_the_whole(method, most, data):
    design = made(method)
    shape = tuple(design.sizes.values())
    whole = design.parameters(tuple(slice(0, n) for n in shape))
    count = np.zeros(shape, dtype=int)
    blocks = list(design.blocks(most))
    for block in blocks:
        count[block] += 1
        assert count[block].size <= most
    assert (count == 1).all()
    block = data.draw(st.sampled_from(blocks))
    for name, values in design.parameters(block).items():
        assert np.array_equal(values, whole[name].reshape(shape)[block].ravel())


def test_random_points_do_not_depend_on_where_runs_begin(monkeypatch):
    design = made("random")
    monkeypatch.setattr(designs, "_RUN", 64)
    whole = design.parameters((slice(0, POINTS),))["dma.bytes_per_cycle"]
    parts = [design.parameters((slice(a, a + 50),))["dma.bytes_per_cycle"] for a in range(0, POINTS, 50)]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("method", ["random", "lhs", "sobol"])
def test_points_stay_in_their_ranges_and_another_seed_gives_others(method):
    block = (slice(0, POINTS),)
    first, second = made(method, 1).parameters(block), made(method, 2).parameters(block)
    width = first["dma.bytes_per_cycle"]
    assert width.min() >= 16 and width.max() <= 128 and set(first["tiles"]) == {1, 2}
    assert not np.array_equal(width, second["dma.bytes_per_cycle"])
    assert 16 * 128**0.5 * 16**-0.5 / 1.4 < np.median(width) < 16 * 8**0.5 * 1.4  # a log range's middle


def test_latin_hypercube_points_have_one_in_every_slice_of_every_axis():
    design = made("lhs")
    clock = design.parameters((slice(0, POINTS),))["mac_array.clock_mhz"]
    slices = np.floor((clock - 800) / 1200 * POINTS).astype(int)
    assert sorted(slices.clip(0, POINTS - 1)) == list(range(POINTS))


def test_a_block_holds_one_plan_before_it_holds_two():
    design = made("grid")
    assert design.chunks(12) == (3, 4, 1)
    assert design.chunks(6) == (1, 4, 1)
    assert design.chunks(24) == (3, 4, 2)
