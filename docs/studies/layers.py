"""The layers of the XAMBA study and their rewritten forms, as graphs, and their latency over many constants.

A latency is priced for all points of a study in one pass: the plan is made once per graph and structure, and
the constants that vary are arrays.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir

import npusim
import xamba
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import Plan
from npusim.compiler.rules.profile import CompilerProfile, load_profile
from npusim.graph import Graph, Node
from npusim.pricing import price
from npusim.schedule import schedule
from xamba.pipeline import rewrite

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples"))
import make_mamba1
import make_mamba2

#: Elements from which a sum counts as large: between the inter-chunk sum (0.8 M) and the four (50 M and more).
LARGE = 10_000_000

#: Rewrites by the name of their column. Means stay, as in the paper.
MAMBA2 = {
    "baseline": (),
    "CumBA": (xamba.CumBA(),),
    "ReduBA": (xamba.ReduBA(mean=False, integers=False),),
    "both": (xamba.CumBA(), xamba.ReduBA(mean=False, integers=False)),
    "ActiBA": (xamba.ActiBA(),),
    "all": (xamba.CumBA(), xamba.ReduBA(mean=False, integers=False), xamba.ActiBA()),
}
MAMBA1 = {
    "baseline": (),
    "table": (xamba.ActiBA(),),
    "in place": (xamba.ActiBA(inline=True),),
    "relu": (xamba.ActiBA(variant="relu"),),
}
#: NPU and tiles in use.
MACHINES = (("meteor_lake", 2), ("lunar_lake", 4), ("lunar_lake", 6), ("panther_lake", 3))
#: Compiler profiles and the name of their ReduceSum path (npu_compiler: convert_reduce_to_pooling.cpp).
PATHS = {"2024.12": "P3", "2024.12-dsp": "P1", "2024.12-pool": "P2", "2026": ""}
#: What a lowering is called in the tables.
WORDS = {
    "dsp": "DSP",
    "pooling_chain": "pool",
    "pooling_chain_relayout": "relayout+pool",
    "ones_convolution_innermost": "ones",
    "native_reduce": "native",
    "mac_array": "matmul",
}

Latency = Any  # milliseconds, a number or an array over the points of a study


@lru_cache(maxsize=1)
def mamba2() -> dict[str, Graph]:
    """One layer of Mamba-2 130M, 4 tokens padded to its chunk of 256, by rewrite."""
    return {name: _graph(model) for name, model in mamba2_models().items()}


@lru_cache(maxsize=8)
def mamba1(tokens: int) -> dict[str, Graph]:
    """One layer of Mamba 130M over `tokens` tokens, by rewrite. 'in place' are the plain ops a table is made of,
    priced as what they are and not as one table."""
    return {name: _graph(model) for name, model in mamba1_models(tokens).items()}


def mamba2_models() -> dict[str, ir.Model]:
    return _variants(make_mamba2.make(s=make_mamba2.M130), MAMBA2)


def mamba1_models(tokens: int) -> dict[str, ir.Model]:
    models = _variants(make_mamba1.make(tokens), MAMBA1)
    for node in models["in place"].graph:
        node.metadata_props.pop("xamba.table", None)
    return models


def _variants(proto: Any, rewrites: Mapping[str, tuple[Any, ...]]) -> dict[str, ir.Model]:
    models = {}
    for name, passes in rewrites.items():
        models[name] = ir.serde.deserialize_model(proto)
        rewrite(models[name], passes)
    return models


def exported(path: Path) -> dict[str, Graph]:
    """A model of a file as it is, and after CumBA."""
    models = {"baseline": ir.load(path), "CumBA": ir.load(path)}
    rewrite(models["CumBA"], (xamba.CumBA(),))
    return {name: _graph(model) for name, model in models.items()}


def _graph(model: ir.Model) -> Graph:
    return npusim.load(ir.serde.serialize_model(model))


def machine(name: str, tiles: int) -> npusim.Hardware:
    return npusim.hardware(name).replace({"tiles": tiles})


_plans: dict[tuple[Any, ...], Any] = {}


def plan_of(graph: Graph, hw: npusim.Hardware, compiler: str | CompilerProfile) -> Plan:
    """The plan, made once per graph, structure of the machine and profile."""
    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    key = (id(graph), hw.name, hw.structure(), profile.name)
    if key not in _plans:
        _plans[key] = (graph, compile_graph(graph, hw, profile))
    return _plans[key][1]


def reduce_path(hw: npusim.Hardware, compiler: str) -> str:
    """How the four large sums of the Mamba-2 layer run, as its plan has them: lowerings, most frequent first."""
    plan = plan_of(mamba2()["baseline"], hw, compiler)

    def elements(node: Node) -> int:
        return prod(plan.graph.values[node.inputs[0]].shape)

    large = [
        WORDS.get(s.lowering, s.lowering)
        for s in plan.steps
        if s.node.op_type == "Einsum" or (s.node.op_type == "ReduceSum" and elements(s.node) > LARGE)
    ]
    ways = "/".join(name for name, _ in Counter(large).most_common())
    return f"{PATHS[compiler]} {ways}".strip()


def latency_ms(graph: Graph, hw: npusim.Hardware, compiler: str | CompilerProfile) -> Latency:
    """Latency of one inference in milliseconds at every point of `hw`: the NPU's own time, and the host's where
    the study draws it (an array)."""
    plan = plan_of(graph, hw, compiler)
    times = price(plan, hw).time_ns
    line = schedule(plan.queue, plan.pieces, plan.after, plan.streams, times, plan.feeds)
    host_ns = hw.host.latency_ns if isinstance(hw.host.latency_ns, np.ndarray) else 0.0
    return (line.latency_ns + host_ns) * 1e-6


def speedups(graphs: Mapping[str, Graph], hw: npusim.Hardware, compiler: Any) -> dict[str, Latency]:
    """Latency of the baseline in milliseconds under 'baseline', and the speed-up of every rewrite."""
    before = latency_ms(graphs["baseline"], hw, compiler)
    found = {"baseline": before}
    return found | {n: before / latency_ms(g, hw, compiler) for n, g in graphs.items() if n != "baseline"}
