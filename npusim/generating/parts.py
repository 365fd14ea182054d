"""Where a token's time goes: the chain of tasks that decides the end of a pass, shared out.

Every nanosecond of the chain is in one task (`npusim.report.chain`), and every task is of one part, so that the parts
sum to the pass."""

from __future__ import annotations

from typing import Final

from npusim.compiler.plan import DMA0, DSP, MAC_ARRAY, Plan
from npusim.generating.roles import cache_inputs, cache_outputs, mixing
from npusim.graph import Graph, Node
from npusim.pricing import Prices
from npusim.report.chain import path_ns
from npusim.schedule import Timeline

#: Parts, in the order in which they are told, and what each is.
PARTS: Final = {
    "weights": "weights on their way from DDR",
    "cache": "the cache or state on its way from DDR and back",
    "attention": "attention, or the recurrence: its compute, and what it writes to DDR and reads back",
    "compute": "all other compute",
    "moved": "other activations to DDR and back",
    "launches": "launches of DSP kernels, and compute steps that wait for dispatch",
    "host": "the host's part of a synchronous inference",
}
_OF_A_TENSOR = ("load", "write", "copy", "spill", "pad", "padded")
_VIEWS = frozenset(
    {"Concat", "Identity", "Slice", "Split", "Reshape", "Squeeze", "Unsqueeze"}
)  # a cache, still


def parts_ns(graph: Graph, plan: Plan, prices: Prices, line: Timeline) -> dict[str, float]:
    """Nanoseconds of the NPU's time in each of `PARTS` ('host' is 0 here); they sum to the latency. `graph`: what was
    planned, before its nodes were fused."""
    cached = {value.name for value in (*cache_inputs(graph), *cache_outputs(graph))}
    loaded = set(cached)
    for node in graph.nodes:
        if node.op_type in _VIEWS and not loaded.isdisjoint(node.inputs):
            loaded.update(name for name in node.outputs if name)
    inside = mixing(graph)
    mixes = [_mixes(step.node, graph, inside) for step in plan.steps]
    launch, waits = prices.launch_ns.tolist(), prices.step_ns.tolist()
    found = dict.fromkeys(PARTS, 0.0)
    for i, on_path in enumerate(path_ns(plan, line)):
        if not on_path:
            continue
        queue, of_step = plan.queue[i], plan.step[i]
        if queue >= DMA0:
            found[_moved(plan.label[i], cached, loaded, mixes[of_step])] += on_path
            continue
        fixed = {MAC_ARRAY: waits[i], DSP: launch[i]}.get(queue, 0.0)  # a supposed engine's is not told apart
        still = on_path * min(fixed / line.time_ns[i], 1.0) if line.time_ns[i] else 0.0
        found["launches"] += still
        found["attention" if mixes[of_step] else "compute"] += on_path - still
    return found


def _mixes(node: Node, graph: Graph, inside: set[str]) -> bool:
    """Whether a step is of attention; one that the compiler put in, where what it reads is."""
    known = [name for name in node.outputs if name in graph.values] or node.inputs
    return not inside.isdisjoint(known)


def _moved(label: str, cached: set[str], loaded: set[str], mixes: bool) -> str:
    """The part of a transfer, by what it is called: the tensor and what is done with it. `loaded`: names under which
    the cache arrives."""
    tensor, _, what = label.rpartition("/")
    if what == "weights":
        return "weights"
    if (what in _OF_A_TENSOR and tensor in cached) or (what == "load" and tensor in loaded):
        return "cache"
    return "attention" if mixes else "moved"
