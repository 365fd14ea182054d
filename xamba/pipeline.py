"""Rewrite a file: load, run the passes, check after each, verify the answer, write whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx_ir as ir

from npusim_xamba.text import quoted
from xamba.errors import BadModel, InvalidModel, NotEquivalent
from xamba.files import as_it_is, check, check_output, load, save
from xamba.functions import put_in_place
from xamba.passes.base import Kept, Rewritten, XambaPass
from xamba.passes.registry import default_passes, find
from xamba.proof.equivalence import MAX_MEMORY_BYTES, Verdict, verify


@dataclass
class Optimized:
    """What `optimize` did. `modified` is false when the output is the input byte for byte."""

    modified: bool
    rewritten: list[Rewritten] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    verdict: Verdict | None = None


def make_pass(name: str, **options: Any) -> XambaPass:
    """A pass by its name. Raises `UnknownPass`."""
    return find(name)(**options)


def rewrite(model: ir.Model, passes: Sequence[XambaPass], inline_functions: bool = True) -> Optimized:
    """Run passes over a model in memory, in place, with `onnx.checker` (full check) after each.

    inline_functions: put model-local functions that hold something to rewrite in place first; all of them when a pass
    is asked to write no functions (``ActiBA(inline=True)``), since the runtime then takes none.

    Raises `InvalidModel` when the checker refuses what a pass left.
    """
    done = Optimized(False)
    if inline_functions:
        no_functions = any(getattr(one, "inline", False) for one in passes)
        done.notes += put_in_place(
            model, lambda node: any(one.reports(node) for one in passes), everything=no_functions
        )
    for one in passes:
        result = one.run(model)
        done.rewritten += result.rewritten
        done.kept += result.kept
        problem = check(model) if result.modified else None
        if problem is not None:
            raise InvalidModel(f"onnx.checker refuses the model after {one.name}: {problem}")
    done.modified = bool(done.rewritten)
    return done


def optimize(
    source: str | Path,
    target: str | Path,
    passes: Sequence[XambaPass] | None = None,
    *,
    check_answer: bool = True,
    tolerance: float | None = None,
    seed: int = 0,
    dims: Mapping[str, int] | None = None,
    settings: Mapping[str, Any] | None = None,
    as_type: str | None = None,
    max_memory_bytes: int = MAX_MEMORY_BYTES,
    inline_functions: bool = True,
) -> Optimized:
    """Rewrite file `source` into file `target`; verify first, and write nothing that fails.

    passes: default `xamba.passes.registry.default_passes`. A model that no pass changes is copied byte for byte.
    check_answer: compare the answers; tolerance, seed, dims, settings, as_type, max_memory_bytes: see
    `xamba.verify`. Passes that are to rewrite whole numbers are not asked about sums that overflow.

    Raises `BadModel`, `BadOutput`, `NotEquivalent` (the answer differs).
    """
    check_output(source, target)
    passes = default_passes() if passes is None else list(passes)
    model = load(source)
    try:
        done = rewrite(model, passes, inline_functions)
    except InvalidModel as error:
        raise as_it_is(source) or error from None
    if done.modified and check_answer:
        try:
            done.verdict = verify(
                source,
                model,
                tolerance=tolerance,
                seed=seed,
                dims=dims,
                settings=settings,
                as_type=as_type,
                max_memory_bytes=max_memory_bytes,
                extreme_integers=not any(getattr(one, "integers", False) for one in passes),
            )
        except BadModel as error:
            raise BadModel(f"{error}; --no-verify writes without asking") from None
        if not done.verdict.ok:
            bad = next(output for output in done.verdict.outputs if not output.ok)
            raise NotEquivalent(
                f"output {quoted(bad.name)}: {bad.reason} ({bad.draw}); nothing is written (seed {seed}, tolerance "
                f"{done.verdict.limit:.2g}; --tolerance allows more, --no-verify asks nothing)"
            )
    save(model if done.modified else None, source, target)
    return done
