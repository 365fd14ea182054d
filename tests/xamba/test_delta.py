"""Delta rule: the recursion is the substitution, for keys that are all the same too."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from tests.xamba.build import check, copy, ops, run
from xamba.passes.contraction import Contraction
from xamba.passes.delta import _LOWER, DeltaRule, _loop, block_masks
from xamba.passes.text import model_text


def substitution(n: int, batch: int = 2, dtype: str = "float") -> ir.Model:
    text = model_text(f"{dtype}[{batch},{n},{n}] m", f"{dtype}[{batch},{n},{n}] y", _loop(n, _LOWER))
    return ir.from_proto(onnx.parser.parse_model(text))


def keys(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """``-beta K K^T`` of keys of length 1: random ones, all equal, or equal but for a little noise."""
    k = rng.standard_normal((2, n, 16))
    if kind != "random":
        k = np.broadcast_to(k[:, :1], k.shape) + (1e-3 * k if kind == "nearly equal" else 0)
    k /= np.linalg.norm(k, axis=-1, keepdims=True)
    return -rng.uniform(0.5, 1.0, (2, n, 1)) * (k @ k.swapaxes(-1, -2))


@pytest.mark.parametrize("n", [2, 3, 5, 13, 64])
@pytest.mark.parametrize("kind", ["random", "equal", "nearly equal"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_recursion_is_the_inverse(n, kind, dtype):
    before = substitution(n, dtype="float" if dtype == np.float32 else "float16")
    after = copy(before)
    DeltaRule().run(after)
    check(after)
    m = keys(kind, n, np.random.default_rng(n)).astype(dtype)
    found = run(after, {"m": m})[0].astype(np.float64)
    lower = np.tril(m.astype(np.float64), -1)
    exact = np.linalg.inv(np.eye(n) - lower) - np.eye(n)
    by_rows = run(before, {"m": m})[0].astype(np.float64)
    u = np.finfo(dtype).eps / 2
    allowed = 4 * np.abs(by_rows - exact).max() + 16 * u * max(np.abs(exact).max(), 1)
    assert np.abs(found - exact).max() <= allowed


def test_steps_of_an_exporter_become_ten_products():
    model = substitution(64, batch=1)
    result = DeltaRule().run(model)
    assert "10 products, in place of 63 steps" in result.rewritten[0].by
    assert ops(model).count("MatMul") == 10 and not {"ScatterND", "Slice", "ReduceSum"} & set(ops(model))


def test_steps_that_are_products_already_are_read_too():
    model = substitution(6)
    Contraction().run(model)
    before = copy(model)
    assert DeltaRule().run(model).modified
    m = np.random.default_rng(0).standard_normal((2, 6, 6)).astype(np.float32)
    assert np.allclose(run(before, {"m": m})[0], run(model, {"m": m})[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 100])
def test_blocks_cover_the_strict_lower_triangle_once(n):
    total = sum((mask.astype(int) for mask in block_masks(n)), np.zeros((n, n), int))
    assert np.array_equal(total, np.tril(np.ones((n, n), int), -1))


@pytest.mark.parametrize(
    "old, new",
    [
        ("Add(row2, sum2)", "Add(row2, row2)"),  # another row is added
        (
            "turned3 = Transpose<perm = [0, 2, 1]>(row3)",
            "turned3 = Transpose<perm = [0, 2, 1]>(row3_)\nq = Neg(row3)",
        ),
        ("{2, 0, 2, 1}", "{3, 0, 3, 1}"),  # written to another row
        ("u3 = Slice(a2, zero", "u3 = Slice(a1, zero"),  # the rows as they were a step before
    ],
)
def test_a_step_that_is_another_one_is_not_taken(old, new):
    body = _loop(5, _LOWER)
    assert old in body
    changed = body.replace(old, new).replace("(row3_)", "(row3n)")
    if "row3n" in changed:
        changed = changed.replace("q = Neg(row3)", "").replace("turned3 =", "row3n = Neg(row3)\nturned3 =", 1)
    text = model_text("float[2,5,5] m", "float[2,5,5] y", changed)
    model = ir.from_proto(onnx.parser.parse_model(text))
    before = ir.to_proto(model).SerializeToString(deterministic=True)
    assert not DeltaRule().run(model).modified
    assert ir.to_proto(model).SerializeToString(deterministic=True) == before
