"""Do two models give the same answer? Numbers, not hope.

Both run on the same random inputs. Per output come the largest absolute and relative error and the
signal-to-noise ratio; an output passes when its largest error is within the tolerance (see
`xamba.proof.tolerance`) of its own largest magnitude, when NaN and infinities stand in the same places,
and, for whole numbers and booleans, when it is equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.errors import BadArgument, BadModel, NotComparable
from xamba.files import load
from xamba.proof import tolerance as tol
from xamba.proof.runtime import Runner, runtimes
from xamba.proof.samples import random_inputs, random_weights, run_inputs

MORE_RUNS = 4  # runs on other inputs that settle the magnitude of an output that fails


@dataclass(frozen=True)
class OutputDifference:
    """Difference of one output.

    max_abs: largest |a - b|. max_rel: largest |a - b| / |a| where |a| is above tolerance times `scale`.
    sqnr_db: 10 log10(sum a^2 / sum (a - b)^2), inf when equal. scale: largest |a|.
    nonfinite: elements where one is NaN or infinite and the other is not the same.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    max_abs: float
    max_rel: float
    sqnr_db: float
    scale: float
    nonfinite: int
    ok: bool
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """The outcome of `verify`; `ok` when every output is within `limit` times its scale."""

    outputs: tuple[OutputDifference, ...]
    limit: float
    tolerance: tol.Tolerance
    runtime: str
    seed: int
    random_weights: int

    @property
    def ok(self) -> bool:
        return all(output.ok for output in self.outputs)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON (an infinite SQNR is None)."""
        plain = asdict(self) | {"ok": self.ok}
        for output in plain["outputs"]:
            for key in ("max_abs", "max_rel", "sqnr_db", "scale"):
                output[key] = float(output[key]) if np.isfinite(output[key]) else None
        return plain


def verify(
    a: str | Path | ir.Model,
    b: str | Path | ir.Model,
    *,
    tolerance: float | None = None,
    seed: int = 0,
    dims: Mapping[str, int] | None = None,
    runtime: str | None = None,
) -> Verdict:
    """Run both models on the same random inputs and compare their outputs.

    a, b: files, or models in memory (not changed). Weights whose file is missing are replaced by
    random ones for the run, seeded by name, so that both models have the same.
    tolerance: largest error allowed, relative to the largest magnitude of an output; derived if None.
    dims: lengths of free dimensions by name (2 if not given).

    Raises `BadModel`, `NotComparable` (other inputs or outputs), `BadArgument`.
    """
    if tolerance is not None and not tolerance >= 0:
        raise BadArgument(f"tolerance is {tolerance}; it cannot be negative")
    if seed < 0:
        raise BadArgument(f"seed is {seed}; it cannot be negative")
    first = a if isinstance(a, ir.Model) else load(a)
    second = b if isinstance(b, ir.Model) else load(b)
    _check_inputs(first, second)
    derived = tol.derive(first, second)
    limit = derived.total if tolerance is None else tolerance
    errors: list[str] = []
    with random_weights(first, seed) as filled, random_weights(second, seed):
        for name in runtimes(runtime):
            try:
                outputs = _run_both(first, second, name, limit, seed, dims)
            except BadModel as error:  # a type or an op this runtime has not got: try the next
                errors.append(str(error))
            else:
                return Verdict(tuple(outputs), limit, derived, name, seed, filled)
    raise BadModel("; ".join(errors))


def _run_both(
    first: ir.Model, second: ir.Model, runtime: str, limit: float, seed: int, dims: Mapping[str, int] | None
) -> list[OutputDifference]:
    run_a, run_b = Runner(first, runtime, "the first model"), Runner(second, runtime, "the second model")
    feeds, answer = _first_answer(first, run_a, seed, dims)
    other = run_b(feeds)
    pairs = _pairs(answer, other)
    outputs = [_difference(name, answer[name], other[match], limit) for name, match in pairs]
    if all(output.ok for output in outputs):
        return outputs
    scales = _scales(first, run_a, seed, dims, answer)
    return [_difference(n, answer[n], other[m], limit, scales[n]) for n, m in pairs]


def _check_inputs(first: ir.Model, second: ir.Model) -> None:
    a = {v.name: v.dtype for v in run_inputs(first)}
    b = {v.name: v.dtype for v in run_inputs(second)}
    if a != b:
        differing = sorted(str(n) for n in set(a) | set(b) if a.get(n) != b.get(n))
        raise NotComparable(f"the models do not take the same inputs (differing: {', '.join(differing)})")


def _first_answer(
    model: ir.Model, run: Runner, seed: int, dims: Mapping[str, int] | None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Inputs and outputs; whole numbers are 0 or 1 if the model refuses others."""
    feeds = random_inputs(model, seed, dims)
    try:
        return feeds, run(feeds)
    except BadModel:
        calmer = random_inputs(model, seed, dims, small_integers=True)
        if all(np.array_equal(calmer[k], feeds[k], equal_nan=False) for k in feeds):
            raise
        return calmer, run(calmer)


def _pairs(answer: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, str]]:
    if set(answer) == set(other):
        return [(name, name) for name in answer]
    if len(answer) == len(other):
        return list(zip(answer, other, strict=True))
    raise NotComparable(f"the models have {len(answer)} and {len(other)} outputs")


def _scales(
    model: ir.Model, run: Runner, seed: int, dims: Mapping[str, int] | None, answer: dict[str, Any]
) -> dict[str, float]:
    """Largest magnitude of every output over a few runs: one sum may come near zero by chance."""
    scales = {name: _magnitude(value) for name, value in answer.items()}
    for other_seed in range(seed + 1, seed + 1 + MORE_RUNS):
        _, more = _first_answer(model, run, other_seed, dims)
        for name, value in more.items():
            scales[name] = max(scales[name], _magnitude(value))
    return scales


def _magnitude(value: Any) -> float:
    array = _plain(value)
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 0.0


def _plain(value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        raise NotComparable("an output is text or a sequence, which is not compared")
    return array.astype(np.float64)


def _difference(name: str, a: Any, b: Any, limit: float, scale: float | None = None) -> OutputDifference:
    """Compare one output; see `OutputDifference`."""
    shape, kind = tuple(np.shape(a)), np.asarray(a).dtype
    x, y = _plain(a), _plain(b)
    scale = _magnitude(x) if scale is None else scale
    if x.shape != y.shape:
        reason = f"shape {list(x.shape)} became {list(y.shape)}"
        return OutputDifference(
            name, shape, str(kind), np.inf, np.inf, -np.inf, scale, max(x.size, y.size), False, reason
        )
    same = (np.isfinite(x) & np.isfinite(y)) | (x == y) | (np.isnan(x) & np.isnan(y))
    finite = np.isfinite(x) & np.isfinite(y)
    wrong = np.abs(np.where(finite, x, 0) - np.where(finite, y, 0))
    max_abs = float(wrong.max()) if wrong.size else 0.0
    sizeable = finite & (np.abs(x) > limit * scale) & (x != 0)
    max_rel = float((wrong[sizeable] / np.abs(x[sizeable])).max()) if sizeable.any() else 0.0
    noise, signal = float((wrong**2).sum()), float((x[finite] ** 2).sum())
    sqnr = np.inf if noise == 0 else 10 * np.log10(signal / noise) if signal > 0 else -np.inf
    exact = kind.kind in "iub"
    reason = ""
    if not same.all():
        reason = f"{int((~same).sum())} elements are finite in one model and NaN or infinite in the other"
    elif exact and max_abs > 0:
        reason = "whole numbers differ"
    elif not exact and max_abs > limit * scale:
        reason = f"error {max_abs:.3g} is above {limit:.2g} x {scale:.3g}"
    return OutputDifference(
        name, shape, str(kind), max_abs, max_rel, float(sqnr), scale, int((~same).sum()), not reason, reason
    )
