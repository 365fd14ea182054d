"""The error of a rewrite, measured on its region: one ordinary run of the region before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.errors import BadModel, NotComparable
from xamba.proof.difference import magnitude, pairs, plain
from xamba.proof.runtime import Runner, runtimes
from xamba.proof.samples import fixed, random_inputs
from xamba.proof.sizes import free_names, run_inputs
from xamba.proof.weights import random_weights


def known_dims(model: ir.Model, dims: Mapping[str, int]) -> dict[str, int]:
    """Of the lengths given those whose name this model has: a part of a model may have lost a dimension."""
    free = free_names(model)
    return {name: size for name, size in dims.items() if name in free}


def known_inputs(model: ir.Model, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of what inputs are said to hold that of the inputs this model has."""
    names = {value.name for value in run_inputs(model)}
    return {name: held for name, held in settings.items() if name in names}


def region_error(
    before: ir.Model,
    after: ir.Model,
    seed: int,
    dims: Mapping[str, int],
    settings: Mapping[str, Any] | None = None,
) -> float | None:
    """Largest |a - b| of any output relative to the output's largest magnitude; None where no runtime runs both.

    What is finite in one and not in the other counts as infinitely wrong.
    """
    made: dict[object, ir.TensorProtocol] = {}
    with random_weights(before, seed, made), random_weights(after, seed, made):
        feeds = random_inputs(before, seed, known_dims(before, dims))
        feeds = fixed(before, feeds, known_inputs(before, settings or {}))
        for runtime in runtimes(None):
            try:
                answers = [Runner(m, runtime, "a region")(feeds) for m in (before, after)]
                return max((_error(answers[0][a], answers[1][b]) for a, b in pairs(*answers)), default=0.0)
            except (BadModel, NotComparable):
                continue
    return None


def _error(a: object, b: object) -> float:
    x, y = plain(a), plain(b)
    finite = np.isfinite(x)
    if x.shape != y.shape or not np.array_equal(finite, np.isfinite(y)):
        return float("inf")
    wrong = float(np.abs(x[finite] - y[finite]).max(initial=0.0))
    return wrong / (magnitude(a) or 1.0)
