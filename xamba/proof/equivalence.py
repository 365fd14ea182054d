"""Do two models give the same answer? Numbers, not hope.

Both run on the same inputs, of many kinds (`xamba.proof.samples`), at several lengths of free dimensions, with
NaN and infinity in the data, and through both branches of every If. An output passes when its largest error is
within what rounding may do: the limit derived from the graphs (`xamba.proof.tolerance`) or, where that is too
narrow for these inputs, the one measured on the first model (`xamba.proof.shake`).

Models in float16 are compared in float32 first, where a fault has no rounding to hide in; then in float16, where
the limit is the first model's own error against its float32 run (`xamba.proof.narrow`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir

from npusim_xamba.text import quoted
from xamba.errors import BadArgument, BadModel, NotComparable
from xamba.files import load
from xamba.proof import tolerance as tol
from xamba.proof.difference import OutputDifference
from xamba.proof.findings import Findings
from xamba.proof.judge import Judge, Plan
from xamba.proof.narrow import compare_rounded
from xamba.proof.runtime import Runner, runtimes
from xamba.proof.samples import Feeds
from xamba.proof.shake import Shake
from xamba.proof.sizes import lengths, run_inputs
from xamba.proof.table_errors import allowance, tables_of
from xamba.proof.twins import narrow_types, rounded, widened
from xamba.proof.weights import random_weights
from xamba.proof.work import memory_bytes

AS_TYPES = {"fp16": ir.DataType.FLOAT16, "bf16": ir.DataType.BFLOAT16}
MAX_MEMORY_BYTES = 8 * 10**9
ROUNDED_KINDS = ("ordinary", "tiny", "with zeros")

__all__ = ["OutputDifference", "Verdict", "verify"]


@dataclass(frozen=True)
class Verdict:
    """The outcome of `verify`; `ok` when every output passes on every draw.

    limit: error allowed relative to an output's largest magnitude, before anything is measured.
    draws: the kinds of inputs that were run. notes: what a reader should know beside the numbers.
    """

    outputs: tuple[OutputDifference, ...]
    limit: float
    tolerance: tol.Tolerance
    runtime: str
    seed: int
    random_weights: int
    draws: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return all(output.ok for output in self.outputs)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON (an infinite SQNR is None)."""
        plain = asdict(self) | {"ok": self.ok}
        for output in plain["outputs"]:
            for key in ("max_abs", "max_rel", "sqnr_db", "scale", "allowed"):
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
    as_type: str | None = None,
    settings: Mapping[str, Any] | None = None,
    extreme_integers: bool = True,
    max_memory_bytes: int = MAX_MEMORY_BYTES,
) -> Verdict:
    """Run both models on the same inputs and compare their outputs.

    a, b: files, or models in memory (not changed). Weights whose file is missing are replaced by
    random ones for the run, seeded by name, so that both models have the same.
    tolerance: largest error allowed, relative to the largest magnitude of an output; derived if None.
    dims: lengths of free dimensions by name (several are tried if not given).
    as_type: "fp16" or "bf16": every value rounded to that type between ops, as an NPU does.
    settings: what inputs hold (a number, or a list that fits), by name: ``{"sr": 16000}``.
    extreme_integers: also whole numbers near the ends of their type, where sums overflow.
    max_memory_bytes: models whose weights would take more than this are refused before any is made.

    Raises `BadModel`, `NotComparable` (other inputs or outputs), `BadArgument`.
    """
    if tolerance is not None and not tolerance >= 0:
        raise BadArgument(f"tolerance is {tolerance}; it cannot be negative")
    if seed < 0:
        raise BadArgument(f"seed is {seed}; it cannot be negative")
    as_type = as_type and as_type.lower()
    if as_type is not None and as_type not in AS_TYPES:
        raise BadArgument(f"no type {quoted(as_type)}; choose from {', '.join(AS_TYPES)}")
    first = a if isinstance(a, ir.Model) else load(a)
    second = b if isinstance(b, ir.Model) else load(b)
    _check_inputs(first, second)
    needed = memory_bytes(first, second)
    if needed > max_memory_bytes:
        raise BadModel(
            f"comparing the models takes about {needed / 2**30:.1f} GiB for their weights, and "
            f"{max_memory_bytes / 2**30:.1f} GiB is the limit; allow more with --max-memory, or compare fewer layers"
        )
    edges = tuple(sorted({x for m in (first, second) for t in tables_of(m) for x in t.breaks}))
    plan = Plan(seed, dict(dims or {}), dict(settings or {}), edges, extreme_integers)
    errors: list[str] = []
    made: dict[object, ir.TensorProtocol] = {}
    with random_weights(first, seed, made) as filled, random_weights(second, seed, made):
        for name in runtimes(runtime):
            try:
                return _verdict((first, second), name, tolerance, plan, as_type, filled)
            except BadModel as error:  # a type or an op this runtime has not got: try the next
                errors.append(str(error))
    raise BadModel("; ".join(errors))


def _check_inputs(first: ir.Model, second: ir.Model) -> None:
    a = {v.name: v.dtype for v in run_inputs(first)}
    b = {v.name: v.dtype for v in run_inputs(second)}
    if a != b:
        differing = sorted(str(n) for n in set(a) | set(b) if a.get(n) != b.get(n))
        names = ", ".join(quoted(n) for n in differing)
        raise NotComparable(f"the models do not take the same inputs (differing: {names})")


def _verdict(
    models: tuple[ir.Model, ir.Model],
    runtime: str,
    tolerance: float | None,
    plan: Plan,
    as_type: str | None,
    filled: int,
) -> Verdict:
    narrow = narrow_types(models[0])
    exact = models
    if narrow and tolerance is None:
        exact = widened(models[0], narrow), widened(models[1], narrow)
    derived = tol.derive(*exact, tol.table_errors(*models))
    if exact is not models:
        derived = replace(derived, constants=tol.inexact_constants(*models, narrow))
    limit = derived.total if tolerance is None else tolerance
    shake = None
    if tolerance is None:
        errors = {t.name: allowance(t) for t in tables_of(models[1])}
        shake = Shake(exact[0], runtime, errors)
    judge = Judge(exact, runtime, limit, plan, shake)
    found = judge.all_draws()
    dtype = AS_TYPES[as_type] if as_type else max(narrow, key=lambda t: tol.ROUNDOFF[t], default=None)
    if dtype is not None and shake is not None and not found.settled:
        in_type = Findings()
        _rounded(models, exact, judge.a, dtype, plan, derived, shake, as_type is None, in_type)
        found.merge(in_type, first=as_type is not None)
    order = [str(v.name) for v in models[0].graph.outputs]
    outputs = sorted(found.worst.values(), key=lambda one: order.index(one.name) if one.name in order else 0)
    return Verdict(
        tuple(outputs), limit, derived, runtime, plan.seed, filled, tuple(found.draws), tuple(found.notes)
    )


def _rounded(
    models: tuple[ir.Model, ir.Model],
    exact: tuple[ir.Model, ir.Model],
    truth: Runner,
    dtype: ir.DataType,
    plan: Plan,
    derived: tol.Tolerance,
    shake: Shake,
    stored: bool,
    found: Findings,
) -> None:
    """Every value rounded between ops; and, for models that are stored so (`stored`), as they are."""
    unit, runtime = tol.ROUNDOFF[dtype], shake.runtime
    twins = [Runner(rounded(model, dtype), runtime, "a rounded model") for model in exact]
    bound = next(lengths(models[0], plan.dims))
    draws: list[tuple[str, Feeds, Feeds]] = []
    for kind in ROUNDED_KINDS:
        feeds = plan.inputs(exact[0], bound, kind)
        feeds = {k: _as(v, dtype) if v.dtype.kind == "f" else v for k, v in feeds.items()}
        draws.append((f"{kind}, rounded to {dtype.name.lower()}", feeds, feeds))
    compare_rounded(truth, (twins[0], twins[1]), draws, unit, derived.sums_deep, shake, found)
    if stored:
        own = [Runner(m, runtime, f"the {w} model") for m, w in zip(models, ("first", "second"), strict=True)]
        given = {v.name or "": v.dtype.numpy() for v in run_inputs(models[0]) if v.dtype is not None}
        wide = draws[0][1]
        narrow = {k: v.astype(given[k]) for k, v in wide.items()}
        deep = max(derived.sums_deep, 1) * max(derived.longest_sum, 1)
        draw = f"ordinary, as stored in {dtype.name.lower()}"
        compare_rounded(truth, (own[0], own[1]), [(draw, wide, narrow)], unit, deep, shake, found)


def _as(array: np.ndarray, dtype: ir.DataType) -> np.ndarray:
    return array.astype(dtype.numpy()).astype(array.dtype)
