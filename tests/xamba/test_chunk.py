"""Chunk: a padded scan computed at its own length gives the same rows."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xamba.build import check, copy, ops, run
from tests.xamba.scan import mamba2_scan
from xamba import verify
from xamba.errors import BadArgument
from xamba.passes.chunk import Chunk
from xamba.passes.contraction import Contraction
from xamba.passes.masks import Masks
from xamba.passes.zeros import Zeros


def feeds(model: ir.Model, batch: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Inputs of a scan: `a`, the logarithm of a decay, is negative."""
    rng = np.random.default_rng(seed)
    shapes = {v.name: [d if isinstance(d, int) else batch for d in v.shape] for v in model.graph.inputs}
    drawn = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    return drawn | {"a": -np.abs(drawn["a"])}


def apart(a: ir.Model, b: ir.Model, batch: int = 2) -> float:
    """Largest difference of the outputs of two scans, of the largest magnitude."""
    given_ = feeds(a, batch)
    pairs = zip(run(a, given_), run(b, given_), strict=True)
    return max(float(np.abs(x - y).max() / np.abs(x).max()) for x, y in pairs)


@given(st.integers(1, 9), st.integers(2, 12), st.integers(1, 12), st.sampled_from([1, 3]))
@settings(max_examples=12, deadline=None)
def test_a_prompt_shorter_than_its_chunk_is_the_same_at_any_length_in_between(rows, chunk, length, batch):
    before = mamba2_scan(rows, chunk)
    after = copy(before)
    result = Chunk(length=length).run(after)
    check(after)
    assert apart(before, after, batch) <= 1e-5
    shorter = rows < chunk and max(rows, length) < chunk
    assert result.modified == (shorter or rows % chunk == 0)


def test_all_constants_of_the_size_of_the_chunk_are_derived_anew():
    after = mamba2_scan(4, 64)
    Chunk().run(after)
    shapes = [tuple(v.shape) for n in after.graph for v in n.outputs if v.shape is not None]
    shapes += [tuple(v.shape) for v in after.graph.initializers.values()]
    assert not any(64 in shape for shape in shapes)
    assert ops(after).count("Pad") == 1  # the one that puts a state in front


def test_paddings_of_another_number_are_kept():
    model = mamba2_scan(3, 8, fill=1.0)
    result = Chunk().run(model)
    assert not result.modified and "padded with 1, not with 0" in result.kept[0].reason


def test_a_longer_prompt_says_that_its_chunks_are_cut():
    result = Chunk().run(mamba2_scan(13, 8))
    assert not result.modified
    assert all("the prompt of 13 fits in one chunk" in line.reason for line in result.kept)


def test_rows_that_are_not_finite_for_certain_are_kept_on_request():
    result = Chunk(refuse_nonfinite=True).run(mamba2_scan(3, 8))
    assert not result.modified and "not known to be zero and finite" in result.kept[0].reason


def test_a_chunk_has_a_row():
    with pytest.raises(BadArgument, match="length is 0"):
        Chunk(length=0)


@pytest.mark.parametrize("rows, chunk", [(1, 8), (4, 8), (8, 8), (3, 64), (13, 8), (16, 8)])
@pytest.mark.parametrize("batch", ["N", 1, 3])
def test_all_block_passes_together_keep_the_answer(rows, chunk, batch):
    before = mamba2_scan(rows, chunk, batch=batch)
    after = copy(before)
    for one in (Chunk(), Zeros(assume_finite=True), Contraction(), Masks()):
        one.run(after)
        check(after)
    size = batch if isinstance(batch, int) else 2
    assert apart(before, after, size) <= 1e-5
    if 1 < rows <= chunk:
        assert not {"Einsum", "Where"} & set(ops(after))
        assert ops(after).count("MatMul") == 2 and ops(after).count("CumSum") == 1
    if (rows, chunk, batch) == (4, 8, "N"):
        assert verify(before, after).ok


def test_a_final_state_that_is_an_output_stays():
    before = mamba2_scan(4, 8, final_state=True)
    after = copy(before)
    for one in (Chunk(), Zeros(assume_finite=True), Contraction(), Masks()):
        one.run(after)
    assert apart(before, after) <= 1e-5
    assert ops(after).count("MatMul") == 4  # the scores, the rows, the chunk's state, the state after it
