"""Zeros and Masks: exact where everything is finite, kept with a reason where it may not be."""

from __future__ import annotations

import numpy as np
import pytest

from tests.xamba.build import copy, ops, run
from tests.xamba.scan import mamba2_scan
from tests.xamba.test_chunk import apart, feeds
from xamba.passes.contraction import Contraction
from xamba.passes.masks import Masks
from xamba.passes.zeros import Zeros


def test_a_dead_state_goes_bit_for_bit():
    before = mamba2_scan(8, 8)
    after = copy(before)
    result = Zeros(assume_finite=True).run(after)
    assert len(result.rewritten) == 1 and len(list(after.graph)) < len(list(before.graph)) - 25
    given = feeds(before, 3)
    assert np.array_equal(run(before, given)[0], run(after, given)[0])


def test_without_the_assumption_the_state_is_kept_and_says_how_to_give_it():
    result = Zeros().run(mamba2_scan(8, 8))
    assert not result.modified and "--assume-finite" in result.kept[0].reason


def test_a_state_that_a_later_chunk_reads_is_kept():
    result = Zeros(assume_finite=True).run(mamba2_scan(16, 8))
    assert not result.modified
    assert "zero in part only: 1 of 2 along axis 1" in result.kept[0].reason


def test_a_state_that_comes_in_is_alive():
    """The same scan with a first state from outside: no zero, nothing to say."""
    model = mamba2_scan(8, 8, batch=1)
    first = next(n for n in model.graph if n.op_type == "ConstantOfShape" and n.outputs[0].name == "first")
    out = first.outputs[0]
    out.shape = None
    value = copy(model).graph.inputs[0]
    state = type(value)(name="state", type=value.type, shape=type(value.shape)([1, 1, 3, 4, 5]))
    model.graph.inputs.append(state)
    out.replace_all_uses_with(state)
    result = Zeros(assume_finite=True).run(model)
    assert not result.modified and not result.kept


@pytest.mark.parametrize("rows, chunk", [(4, 8), (8, 8), (13, 8), (32, 16)])
def test_masks_leave_the_answer_and_no_where(rows, chunk):
    before = mamba2_scan(rows, chunk)
    after = copy(before)
    Contraction().run(after)
    result = Masks().run(after)
    by = [line.by for line in result.rewritten]
    assert sum("copies not made" in word for word in by) == 2
    assert "Exp without its mask, which is on 1 smaller factor" in by
    assert apart(before, after) <= 1e-5
    assert ops(after).count("Where") == 1  # the one between chunks: its factor is the large one


def test_an_overflow_under_the_mask_does_not_reach_the_answer():
    """Above the diagonal Exp sees zeros, whatever the decay: no infinity meets the mask's zero."""
    before = mamba2_scan(8, 8)
    after = copy(before)
    Contraction().run(after)
    Masks().run(after)
    given = feeds(before, 1)
    given["a"] *= 40  # exp(-40 * 8) is 0, exp(+40 * 8) would be infinite
    x, y = run(before, given)[0], run(after, given)[0]
    assert np.isfinite(x).all() and np.abs(x - y).max() <= 1e-5 * np.abs(x).max()


def test_operands_that_may_be_infinite_keep_their_masks_on_request():
    model = mamba2_scan(8, 8)
    result = Masks(refuse_nonfinite=True).run(model)
    assert not result.modified
    assert {"its operand may hold inf or NaN, and 0 * inf is NaN"} <= {line.reason for line in result.kept}
