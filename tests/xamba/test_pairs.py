"""Passes follow one another in any order: what a pass leaves is a model like any other to the next one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import onnx_ir as ir
import pytest

from tests.shared import SHARED, needs_shared
from tests.xamba.build import copy
from xamba import verify
from xamba.files import check, load
from xamba.passes.registry import passes

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples"))
import make_mamba2

PASSES = passes()
SMALL, REWRITES = SHARED / "graphs" / "small", SHARED / "cases" / "rewrites"
QUICK = ("mamba2_tf4_L13_dy18", "recurrentgemma_L16_dy")
#: onnxruntime itself cannot run this one on random data (mixture of experts; manifest.csv says so).
UNRUNNABLE = {"jamba_moe_L8_ts"}


def both_orders(model: ir.Model) -> Iterator[tuple[str, ir.Model]]:
    """The model after every ordered pair of passes of which both find something to do, with the pair's name."""
    for first, one in PASSES.items():
        after = copy(model)
        if not one().run(after).modified:
            continue
        for second, other in PASSES.items():
            last = copy(after)
            if other().run(last).modified:
                yield f"{first}, {second}", last


def wrong(model: ir.Model) -> list[str]:
    """Pairs that leave an invalid model or another answer, and why."""
    found = []
    for name, after in both_orders(model):
        flaw = check(after)
        verdict = None if flaw else verify(model, after)
        if verdict is None or not verdict.ok:
            found.append(f"{name}: {flaw or [o.reason for o in verdict.outputs if not o.ok]}")  # type: ignore[union-attr]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("length, chunk", [(8, 32), (24, 16), (32, 16)])
def test_every_ordered_pair_keeps_the_answer_of_a_block_of_mamba_2(length, chunk):
    """One chunk that is longer than the prompt, two chunks of which the last is padded, two full ones."""
    sizes = make_mamba2.SMALL._replace(length=length, chunk=chunk)
    model = ir.serde.deserialize_model(make_mamba2.make(s=sizes))
    assert wrong(model) == []


def test_lengths_are_read_anew_where_two_paddings_share_a_node():
    """After `products` the two paddings of a chunk no longer meet, and an Expand has one axis of each."""
    sizes = make_mamba2.SMALL._replace(length=64, chunk=256)
    model = ir.serde.deserialize_model(make_mamba2.make(s=sizes))
    after = copy(model)
    PASSES["products"]().run(after)
    assert len(PASSES["chunk"]().run(after).rewritten) == 2
    assert check(after) is None and verify(model, after).ok


@needs_shared
@pytest.mark.parametrize("name", sorted(p.stem for p in REWRITES.glob("*.onnx")))
def test_every_ordered_pair_keeps_the_answer_of_a_case(name):
    assert wrong(load(REWRITES / f"{name}.onnx")) == []


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_every_ordered_pair_keeps_the_answer_of_a_network(name):
    assert wrong(load(SMALL / f"{name}.onnx")) == []
