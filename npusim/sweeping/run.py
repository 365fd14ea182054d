"""`sweep`: the question in, a Dataset out, all in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument, DoesNotFit
from npusim.graph import Graph
from npusim.report.words import ENGINES
from npusim.sweeping.axes import make_axes
from npusim.sweeping.dataset import make_dataset, require
from npusim.sweeping.design import make_design
from npusim.sweeping.evaluate import Evaluator
from npusim.sweeping.memory import parse_memory, readable

_BLOCK = 1 << 18
_RESULT_BYTES = 8 + 8 * len(ENGINES) + 8 + 1


def sweep(
    graph: Graph,
    hw: Hardware,
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
) -> Any:
    """Latency of `graph` on many NPUs, as an xarray.Dataset.

    Args:
        graph: a static graph (`npusim.load`).
        hw: the NPU the others differ from.
        vary: dotted name -> values: a list or array, a `Range`, or text as on the command line
            ("16:128:33:log", "1,2,4"). Also `compiler` and `precision`.
        points, method, seed: 'grid' takes every combination; 'random', 'lhs' and 'sobol' take `points` points.
        memory: bytes the result and the work on it may take ("2GB").
        per_node: also `node_duration_us` and `node_critical_us` along `node`.
        mode: as in `simulate`.

    Returns:
        Dataset with `latency_us`, `busy_us` (along `engine`), `bytes_moved`, `bound_by` (see `bound_names`) over
        one dimension a name on a grid, or over `point` with the parameters as coordinates. Points where the graph
        does not fit the scratchpad are NaN; `attrs["does_not_fit"]` says why.

    Raises:
        BadHardware, BadArgument: an unknown name, a value its schema forbids, a bad range.
        UnknownOp, DoesNotFit (only when no point fits).
    """
    require("xarray")
    axes = make_axes(vary, hw, grid=method == "grid")
    design = make_design(axes, method, points, seed)
    budget = parse_memory(memory)
    total = design.total
    if total * _RESULT_BYTES > 0.8 * budget:
        raise BadArgument(
            f"{total:,} points take {readable(total * _RESULT_BYTES)} and memory is {readable(budget)}; "
            "allow more memory, ask for fewer points, or let `npusim sweep` write them to a .zarr"
        )
    evaluate = Evaluator(graph, hw, axes, compiler, precision, mode, per_node, scratch=budget // 5)
    shape = tuple(design.sizes.values())
    latency, moved = np.full(shape, np.nan), np.full(shape, np.nan)
    busy, bound = np.full((len(ENGINES), *shape), np.nan), np.zeros(shape, dtype=np.int8)
    nodes: dict[tuple[str, int], np.ndarray] = {}
    for block in design.blocks(_BLOCK):
        part = evaluate(design.parameters(block))
        small = tuple(s.stop - s.start for s in block)
        latency[block] = part.latency_us.reshape(small)
        busy[(slice(None), *block)] = part.busy_us.reshape(-1, *small)
        moved[block] = part.bytes_moved.reshape(small)
        bound[block] = part.bound_by.reshape(small)
        for key, values in part.nodes.items():
            if key not in nodes:
                nodes[key] = np.full((2, *shape), np.nan)
            nodes[key][(slice(None), *block)] = values.reshape(2, *small)
    if evaluate.misfits and np.isnan(latency).all():
        raise DoesNotFit(next(iter(evaluate.misfits)))
    variables: dict[str, Any] = {
        "latency_us": ((), latency),
        "busy_us": (("engine",), busy),
        "bytes_moved": ((), moved),
        "bound_by": ((), bound),
    }
    attributes: dict[str, Any] = {
        "graph": graph.name,
        "hardware": hw.name,
        "compiler": compiler,
        "precision": precision,
        "method": method,
        "seed": seed,
        "mode": mode,
        "does_not_fit": list(evaluate.misfits),
    }
    if nodes:
        for k, name in enumerate(("node_duration_us", "node_critical_us")):
            variables[name] = (("node",), np.stack([values[k] for values in nodes.values()]))
    dataset = make_dataset(variables, design, attributes)
    return dataset.assign_coords(node=[name for name, _ in nodes]) if nodes else dataset
