"""Layers in chunks under a memory bound: how many chunks of output channels a layer needs, and the bytes of each."""

from __future__ import annotations

import math

from npusim.arch.dma import dma_ns
from npusim.errors import BadArgument
from npusim.graph import Graph, Node
from npusim.measures import US
from npusim.terminal.memory import parse_memory
from npusim.terminal.units import nbytes
from npusim.whatif.base import Value
from npusim.whatif.composed.masked import Masked


def chunks(plan: Masked, memory: str) -> tuple[list[dict[str, Value]], list[str], float]:
    """Layers that need more than `memory` at once, each with its chunks; lines about them; and the microseconds that
    all chunks take beyond the whole layers: a step each at least, and the input read again, nothing of it hidden.

    A chunk has all of the layer's input and its share of the weights and of the output; a layer without weights has its
    share of everything. Raises BadArgument: a size that is none, an input that alone needs more."""
    try:
        bound = parse_memory(memory)
    except BadArgument as error:
        raise BadArgument(f"what-if 'split': memory: {error}") from None
    rows: list[dict[str, Value]] = []
    tight: list[str] = []
    largest = more_ns = 0.0
    for step, names in zip(plan.plan.steps, plan.names, strict=True):
        if not names:
            continue
        inputs, weights, outputs = parts(plan.plan.graph, step.node)
        whole = inputs + weights + outputs
        largest = max(largest, whole)
        if whole <= bound:
            continue
        fixed = inputs if weights else 0.0
        if fixed >= bound:
            tight.append(f"{step.node.name} ({nbytes(inputs)})")
            continue
        count = math.ceil((whole - fixed) / (bound - fixed))
        each = fixed + (whole - fixed) / count
        again = (count - 1) * fixed
        more_ns += (count - 1) * float(plan.hw.step.minimum_ns + (dma_ns(fixed, plan.hw) if fixed else 0.0))
        rows.append(
            {
                "layer": step.node.name,
                "bytes": whole,
                "chunks": count,
                "bytes_each": each,
                "bytes_read_again": again,
            }
        )
    said = [f"{len(rows)} layers need more than {nbytes(bound)} at once (the largest {nbytes(largest)})"]
    if rows:
        most = max(rows, key=lambda row: row["chunks"])
        said[0] += (
            f"; in chunks they read {nbytes(sum(float(r['bytes_read_again']) for r in rows))} of inputs again; "
            f"most chunks: {most['chunks']} of {nbytes(float(most['bytes_each']))} for {most['layer']}"
        )
    if tight:
        said.append(f"the input alone is over the bound for {len(tight)} layers, as {tight[0]}")
    return rows, said, more_ns * US


def parts(graph: Graph, node: Node) -> tuple[float, float, float]:
    """Bytes of a node's inputs that run, of its constants and of its outputs."""
    read = [graph.values[name] for name in node.inputs if name]
    held = sum(value.npu_bytes for value in read if value.constant)
    flow = sum(value.npu_bytes for value in read if not value.constant)
    return flow, held, sum(graph.values[name].npu_bytes for name in node.outputs if name)
