"""Why a rewritten model gains or loses: sentences from the facts of the nodes in the two reports.

Two things turn the sign of a rewrite, and both show in the reports:

* the compiler fused a node that was rewritten with its neighbours, and the neighbours now run on their own;
* the node that was replaced and what replaced it run on other engines, or in other lowerings.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from npusim.report.record import NodeReport, Report

LEAST_SHARE = 0.01  # of the slower latency: smaller changes turn no sign
ENGINES = {"mac_array": "the MAC array", "dsp": "the DSPs", "dma": "the DMA", "none": "no engine"}


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence, what it is worth (after - before, in us) and in how many places."""

    sentence: str
    delta_us: float
    places: int


def reasons(before: Report, after: Report) -> tuple[Reason, ...]:
    """What explains the difference of two reports of one machine and compiler, largest first."""
    replaced = _by_origin(after)
    found = [*_hidden(before, after, replaced), *_moved(before, after, replaced)]
    least = LEAST_SHARE * max(before.latency_us, after.latency_us)
    return tuple(sorted((r for r in found if abs(r.delta_us) >= least), key=lambda r: -abs(r.delta_us)))


def _by_origin(after: Report) -> dict[str, list[NodeReport]]:
    found: dict[str, list[NodeReport]] = defaultdict(list)
    for node in after.nodes:
        if node.origin:
            found[node.origin].append(node)
    return found


def _hidden(before: Report, after: Report, replaced: dict[str, list[NodeReport]]) -> list[Reason]:
    """Fusions of the compiler that the rewrite has undone: nodes that ran inside another run on their own."""
    alone = {node.name: node for node in after.nodes}
    sums: dict[tuple[str, str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for node in before.nodes:
        new = [n for name in (node.name, *node.fused) for n in replaced.get(name, ())]
        freed = [alone[name] for name in node.fused if name in alone]
        if not node.fused or not new or not freed:
            continue
        was = "/".join(dict.fromkeys(n.origin_op or n.origin for n in new))
        names = " + ".join(dict.fromkeys(n.op_type for n in freed))
        total = sums[node.op_type, names, was, "/".join(dict.fromkeys(n.op_type for n in new))]
        total[0] += sum(n.critical_us for n in (*new, *freed)) - node.critical_us
        total[1] += 1
    return [
        Reason(
            f"compiler {before.compiler} makes one {fused} of {names} + {was} by itself; the {new} that replaced "
            f"{was} hides it, and {names} runs on its own",
            delta, int(places),
        )
        for (fused, names, was, new), (delta, places) in sums.items()
    ]  # fmt: skip


def _moved(before: Report, after: Report, replaced: dict[str, list[NodeReport]]) -> list[Reason]:
    """Nodes whose replacement runs elsewhere, or dearer where it is: from what to what, and why each is there."""
    alone = {node.name for node in after.nodes}
    sums: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    why: dict[tuple[str, str, str], tuple[NodeReport, NodeReport]] = {}
    for node in before.nodes:
        new = replaced.get(node.name, [])
        if not new or any(name in alone for name in node.fused):
            continue
        most = max(new, key=lambda n: n.critical_us)
        key = node.op_type, _way(node), f"{most.op_type} {_way(most)}"
        sums[key][0] += sum(n.critical_us for n in new) - node.critical_us
        sums[key][1] += 1
        why.setdefault(key, (node, most))
    found = []
    for key, (delta, places) in sums.items():
        op, way, then = key
        old, most = why[key]
        because = " and ".join(f"'{part}'" for part in (_first(old.reason), _first(most.reason)) if part)
        found.append(Reason(f"{op} {way} became {then}: {because}", delta, int(places)))
    return found


def _way(node: NodeReport) -> str:
    """'on the DSPs', 'on the MAC array (pooling chain)'."""
    lowering = (
        f" ({node.lowering.replace('_', ' ')})" if node.lowering and node.lowering not in ENGINES else ""
    )
    return f"on {ENGINES.get(node.engine, node.engine)}{lowering}"


def _first(reason: str) -> str:
    return reason.split("; ")[0]
