"""A model, an NPU, a release of the compiler: will it compile? The file first, then every node of its static graph."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from npusim.arch.hardware import Hardware
from npusim.checking.file import capturing_scans, edges, free_dimensions, key_of, unread_ops
from npusim.checking.fits import does_not_fit
from npusim.checking.nodes import AS_STORED, first_refused, node_findings, shape_of_data, stored_note
from npusim.checking.record import Finding, Verdict
from npusim.checking.rules import load_rules
from npusim.compiler.rules.profile import CompilerProfile, load_profile
from npusim.errors import BadArgument, BadModel, NpusimError, TooLarge, UnknownShape
from npusim.graph import Graph

if TYPE_CHECKING:
    from npusim.model_files import FrontEnd

NOT_ASKED = "nobody has asked the compiler of this release; --compiler 2026 has rules"


def check(
    path: str | os.PathLike[str],
    hw: Hardware,
    compiler: str | CompilerProfile = "2026",
    *,
    dims: Mapping[str, int] | None = None,
    fixed: Mapping[str, Any] | None = None,
    trips: int | Mapping[str, int] | None = None,
    max_nodes: int | None = None,
) -> Verdict:
    """What Intel's compiler refuses in an ONNX file, node by node, with remedies.

    `dims`, `fixed`, `trips` and `max_nodes` are those of `npusim.load`. The answer is of the graph at these sizes.

    Raises BadModel for a file that is no model or contradicts itself, BadArgument and BadHardware as `simulate`
    does. Free dimensions and shapes that depend on data are findings, no errors.
    """
    from npusim.loading.structure import read_model
    from npusim.model_files import ONNX, front_end, name_of

    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    generation, notes = profile.generation_for(hw)
    name = name_of(path)
    if not profile.refusals:
        nobody = Finding(
            "", "", "release", f"what {profile.product} refuses is not known", NOT_ASKED, refused=False
        )
        return Verdict(name, hw.name, generation, profile.product, 0, (nobody,), tuple(notes))
    rules = load_rules(profile.refusals)
    reader = front_end(os.fspath(path))
    model = read_model(os.fspath(path)) if reader is ONNX else None
    found = [] if model is None else unread_ops(model, rules) + edges(model) + capturing_scans(model)
    excused = any(finding.kind == "edge" for finding in found)
    free, sizes = _free(reader, path if model is None else model, dict(dims or {}))
    if free:
        found.insert(0, free)
    graph: Graph | None = None
    try:
        graph = _load(path, {**(dims or {}), **sizes}, fixed, trips, max_nodes)
    except (BadModel, BadArgument) as error:
        if not (free or excused):  # with sizes of our own, what contradicts itself may be our fault
            raise
        notes.append(f"its nodes were not looked at: {error}")
    except UnknownShape as error:
        finding = shape_of_data(error, model, rules, generation)
        if finding.op not in {f.op.rpartition(".")[2] for f in found}:  # nobody knows what an unread op gives
            found.append(finding)
    except TooLarge:
        raise
    except NpusimError as error:
        found.append(Finding("", "", "not loaded", str(error), "mend that first", refused=False))
    if graph is not None:
        found += node_findings(
            graph, rules, generation, skip={f.op for f in found if f.kind in ("unread", "function")}
        )
        found += does_not_fit(graph, hw)
        note = stored_note(graph, rules)
        if note and not any(finding.op in AS_STORED for finding in found):
            notes.append(note)
        if sizes:
            shown = ", ".join(f"{n}={s}" for n, s in sizes.items())
            notes.append(f"the nodes were looked at with {shown}")
    return Verdict(
        name,
        hw.name,
        generation,
        profile.product,
        len(graph.nodes) if graph else 0,
        tuple(found),
        tuple(notes),
    )


def _load(
    path: str | os.PathLike[str],
    dims: dict[str, int],
    fixed: Mapping[str, Any] | None,
    trips: int | Mapping[str, int] | None,
    max_nodes: int | None,
) -> Graph:
    """The static graph; where shapes depend on data, their upper bounds: the compiler takes those as well."""
    from npusim.model_files import load

    return load(path, dims, fixed=fixed, trips=trips, max_nodes=max_nodes, upper_bound=True)


def _free(reader: FrontEnd, model: Any, dims: dict[str, int]) -> tuple[Finding | None, dict[str, int]]:
    """The finding for free dimensions of a model (its path, or its ONNX message), and sizes to look on with."""
    try:
        shapes = import_module(reader.module).input_shapes(model)
    except NpusimError:  # `load` says it better
        return None, {}
    return free_dimensions(shapes, dims)


def expected_refusal(graph: Graph, compiler: str, hw: Hardware) -> Finding | None:
    """The first node of a loaded graph that the compiler refuses; None if none is known. For one line of `run`."""
    profile = load_profile(compiler)
    if not profile.refusals:
        return None
    found = first_refused(graph, load_rules(profile.refusals), profile.generation_for(hw)[0])
    return found or next(does_not_fit(graph, hw), None)


__all__ = ["check", "expected_refusal", "key_of"]
