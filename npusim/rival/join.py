"""A prediction and a measurement, op by op: which kinds of op, and which causes, make one machine the slower.

An op of the CPU stands against the node of the same name, or that absorbed it. Where a runtime gives a fused op a name
of its own, its time is shared among the NPU's nodes of that kind. What is on the CPU alone is a win of the NPU.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from npusim.graph import Graph
from npusim.measured.join import members
from npusim.report.record import NodeReport, Report
from npusim.rival.record import Cause, Kind, Timing

BETWEEN = "between ops"  # of the CPU's runtime
HOST, FLOAT32 = "the launch from the host", "float32 conversion"
#: What bounds a node on the NPU -> the cause, with {n} nodes and {s} for their plural.
_CAUSES = {
    "step": "{n} launch{es} of small ops",
    "launch": "{n} launch{es} of small ops",
    "dsp": "{n} op{s} on the DSP",
    "dma": "{n} op{s} that wait for transfers",
    "mac_array": "{n} op{s} on the MAC array",
    "none": "{n} op{s} that cost the NPU nothing",
}
OTHER = "ops that only the CPU runs"
_NEAR = {"Gemm": "MatMul", "MatMul": "Gemm"}  # a runtime makes one of the other and names it anew


class Side(NamedTuple):
    """One node of the NPU, and what stands for it on the other machine, microseconds."""

    node: NodeReport
    other_us: float


def join(report: Report, graph: Graph, timing: Timing) -> tuple[list[Side], dict[str, float]]:
    """Each node with its time on the other machine; and the time there of what no node stands for, by kind."""
    places: dict[str, int] = {}
    for place, (_, names) in enumerate(members(report.nodes, graph)):
        for name in names:
            places.setdefault(name, place)
    times = [0.0] * len(report.nodes)
    loose: defaultdict[str, float] = defaultdict(float)
    for op in timing.ops:
        if op.name in places:
            times[places[op.name]] += op.us
        else:
            loose[op.op_type] += op.us
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for place, node in enumerate(report.nodes):
        alike[node.op_type].append(place)
    alone: dict[str, float] = {}
    for kind, us in loose.items():
        found = alike.get(kind) or alike.get(_NEAR.get(kind, ""))
        if not found:
            alone[kind] = us
            continue
        whole = sum(report.nodes[p].critical_us for p in found)
        for p in found:
            part = report.nodes[p].critical_us / whole if whole else 1 / len(found)
            times[p] += us * part
    return [Side(node, us) for node, us in zip(report.nodes, times, strict=True)], alone


def kinds(
    sides: Iterable[Side],
    alone: Mapping[str, float],
    timing: Timing,
    host: Mapping[str, float],
    here: tuple[list[Side], dict[str, float], Timing] | None = None,
) -> tuple[Kind, ...]:
    """Per kind of op, the largest loss of the NPU first. The columns sum to both latencies.

    Args:
        host: the host's part of an inference on the NPU, by what it is for.
        here: the same model joined to a measurement on this machine's own NPU.
    """
    npu: defaultdict[str, float] = defaultdict(float)
    cpu: defaultdict[str, float] = defaultdict(float)
    count: Counter[str] = Counter()
    for side in sides:
        npu[side.node.op_type] += side.node.critical_us
        cpu[side.node.op_type] += side.other_us
        count[side.node.op_type] += 1
    for kind, us in alone.items():
        cpu[kind] += us
    for word, us in host.items():
        npu[word] += us
    cpu[BETWEEN] += timing.between_us
    measured: dict[str, float] | None = None
    if here is not None:
        own, own_alone, own_timing = here
        measured = defaultdict(float)
        for side in own:
            measured[side.node.op_type] += side.other_us
        for kind, us in (*own_alone.items(), (BETWEEN, own_timing.between_us)):
            measured[kind] += us
    words = dict.fromkeys((*npu, *cpu, *(measured or ())))
    rows = [
        Kind(w, count[w], npu[w], cpu[w], None if measured is None else measured.get(w, 0.0)) for w in words
    ]
    return tuple(sorted(rows, key=lambda row: -row.lost_us))


def causes(
    sides: Iterable[Side], alone: Mapping[str, float], timing: Timing, host: Mapping[str, float]
) -> tuple[Cause, ...]:
    """What the NPU loses and wins, by what bounds it there; the largest loss first. They sum to the difference."""
    groups: defaultdict[str, list[Side]] = defaultdict(list)
    for side in sides:
        bound = side.node.bound_by
        groups["step" if bound == "launch" else bound].append(side)
    found = []
    for bound, group in groups.items():
        lost: defaultdict[str, float] = defaultdict(float)
        for side in group:
            lost[side.node.op_type] += side.node.critical_us - side.other_us
        total = sum(lost.values())
        ranked = sorted(lost, key=lambda kind: -lost[kind] if total >= 0 else lost[kind])
        timed = [s for s in group if s.node.critical_us or s.other_us]
        if not timed:
            continue
        n = len(timed)
        words = _CAUSES.get(bound, _CAUSES["none"]).format(n=n, s="s" * (n != 1), es="es" * (n != 1))
        found.append(Cause(words, total, n, tuple(ranked)))
    found += [Cause(word, us) for word, us in host.items() if us]
    if alone:
        found.append(Cause(OTHER, -sum(alone.values()), 0, tuple(sorted(alone, key=lambda k: -alone[k]))))
    if timing.between_us:
        found.append(Cause(f"what {timing.runtime} takes between ops", -timing.between_us))
    return tuple(sorted(found, key=lambda cause: -cause.lost_us))
