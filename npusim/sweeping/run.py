"""`sweep`: the question in, a Dataset out, all in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from npusim.errors import BadArgument, DoesNotFit
from npusim.report.words import ENGINES
from npusim.simulation import Machine, Model, graph_of, hardware_of
from npusim.sweeping.dataset import make_dataset, require
from npusim.sweeping.evaluate import PLAN_SHARE
from npusim.sweeping.question import Question, ask
from npusim.terminal.memory import parse_memory, readable
from npusim.whatif.base import Supposition
from npusim.whatif.parse import parse

_BLOCK = 1 << 18


def sweep(
    graph: Model | Mapping[str, Model],
    hw: Machine,
    vary: Mapping[str, Any],
    *,
    compiler: str = "2026",
    precision: str = "fp16",
    points: int | None = None,
    method: str = "grid",
    seed: int = 0,
    memory: str | int = "1GB",
    per_node: bool = False,
    mode: str = "throughput",
    what_ifs: Sequence[Supposition | str] = (),
    allow_unmodelled: bool = False,
) -> Any:
    """Latency of `graph` on many NPUs, as an xarray.Dataset.

    Args:
        graph: a model as `simulate` takes it, or several by name: then the result has the dimension `model` and
            `speedup`, the latency of the first over each.
        hw: the NPU the others differ from.
        vary: dotted name -> values: a list or array, a `Range`, or text as on the command line
            ("16:128:33:log", "1,2,4"). Also `compiler`, `precision` and `whatif.NAME.OPTION`.
        points, method, seed: 'grid' takes every combination; 'random', 'lhs' and 'sobol' take `points` points.
        memory: bytes the result and the work on it may take ("2GB").
        per_node: also `node_duration_us` and `node_critical_us` along `node` (one graph only).
        mode: as in `simulate`.
        what_ifs: suppositions at every point, as `npusim.what_if` takes them; those of `vary` at its values.
        allow_unmodelled: leave ops without a cost out instead of refusing the graph.

    Returns:
        Dataset with `latency_us`, `busy_us` (along `engine`), `bytes_moved`, `bound_by` (see `bound_names`) over
        one dimension a name on a grid, or over `point` with the parameters as coordinates. Points where the graph
        does not fit the scratchpad are NaN; `attrs["does_not_fit"]` says why.

    Raises:
        BadHardware, BadArgument: an unknown name, a value its schema forbids, a bad range, too little memory.
        UnknownOp, DoesNotFit (only when no point fits).
    """
    require("xarray")
    if isinstance(graph, Mapping):
        graphs = {name: graph_of(model) for name, model in graph.items()}
        if not graphs:
            raise BadArgument("no graph to sweep; give at least one")
    else:
        one = graph_of(graph)
        graphs = {one.name: one}
    hw = hardware_of(hw)
    if per_node and len(graphs) > 1:
        raise BadArgument("per_node is for one graph: the nodes of several differ")
    supposed = tuple(parse(one) if isinstance(one, str) else one for one in what_ifs)
    question = ask(
        graphs,
        hw,
        vary,
        compiler,
        precision,
        points,
        method,
        seed,
        mode,
        per_node,
        supposed,
        allow_unmodelled,
    )
    budget = parse_memory(memory)
    size = question.total * question.point_bytes + question.design.own_bytes
    _check_memory(size, question.total, budget)
    question.scratch, question.plan_bytes = budget // 5, int(budget * PLAN_SHARE)
    return collect(question, budget)


def collect(question: Question, budget: int) -> Any:
    """All blocks of the question, in one Dataset."""
    shape, design = question.shape, question.design
    lead = (slice(None),) if question.several else ()
    arrays = {
        name: np.full((*(len(ENGINES) for _ in extra), *shape), 0 if kind.kind == "i" else np.nan, dtype=kind)
        for name, (extra, kind) in question.variables.items()
    }
    nodes: dict[tuple[str, int], np.ndarray] = {}
    most = max(1, min(_BLOCK, budget // 8 // question.point_bytes // len(question.graphs)))
    for block in design.blocks(most):
        answers = question.answers(block)
        for name, values in question.arrays(block, answers).items():
            extra = tuple(slice(None) for _ in question.variables[name][0])
            arrays[name][(*extra, *lead, *block)] = values
        small = tuple(s.stop - s.start for s in block)
        for key, values in answers[0].nodes.items():
            if key not in nodes:
                _check_memory((len(nodes) + 1) * 16 * design.total, design.total, budget)
                nodes[key] = np.full((2, *shape), np.nan)
            nodes[key][(slice(None), *block)] = values.reshape(2, *small)
    misfits = question.misfits()
    if misfits and np.isnan(arrays["latency_us"]).all():
        raise DoesNotFit(next(iter(misfits)))
    variables = {name: (question.variables[name][0], values) for name, values in arrays.items()}
    if nodes:
        for k, name in enumerate(("node_duration_us", "node_critical_us")):
            variables[name] = (("node",), np.stack([values[k] for values in nodes.values()]))
    return make_dataset(question, variables, {"does_not_fit": list(misfits)}, [name for name, _ in nodes])


def _check_memory(size: int, points: int, budget: int) -> None:
    if size > 0.8 * budget:
        raise BadArgument(
            f"the result of {points:,} points takes {readable(size)} and memory is {readable(budget)}; allow "
            "more memory, ask for fewer points, or let `npusim sweep` write them to a .zarr"
        )
