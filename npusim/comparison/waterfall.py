"""Two reports side by side: the speed-up, and a waterfall of what vanished, appeared and changed.

Every amount is a node's `critical_us`, by how much it moves the end of its run. Those sum to the latency, so the
changes of the waterfall sum to the difference of the two latencies."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from html import escape
from importlib import import_module

from npusim.comparison.reasons import reasons
from npusim.comparison.settled import ratio_band, settled, words
from npusim.report.record import NodeReport, Report
from npusim_xamba.envelope import envelope


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the waterfall. `kind`: replaced, vanished, appeared or changed. `nodes_before` and
    `nodes_after` name what it is about; `delta_us` = after - before."""

    kind: str
    name: str
    op_before: str
    op_after: str
    before_us: float
    after_us: float
    nodes_before: tuple[str, ...] = ()
    nodes_after: tuple[str, ...] = ()

    @property
    def delta_us(self) -> float:
        return self.after_us - self.before_us


@dataclass(frozen=True, slots=True)
class Comparison:
    """Latencies of two models, or of one under two conditions, and the changes, largest first."""

    before: Report
    after: Report
    changes: tuple[Change, ...]

    def _repr_html_(self) -> str:
        """What a notebook shows: the page, as a terminal has it."""
        page = import_module("npusim.comparison.page").page(self)
        return f"<pre>{escape(chr(10).join(line.text for line in page))}</pre>"

    def __repr__(self) -> str:
        return (
            f"Comparison({self.before.graph!r} {self.before.latency_us:.3f} us -> {self.after.graph!r} "
            f"{self.after.latency_us:.3f} us on {self.after.hardware}, {len(self.changes)} changes)"
        )

    @property
    def speedup(self) -> float:
        """Latency before over latency after; 1 for two empty models."""
        if not self.after.latency_us:
            return 1.0 if not self.before.latency_us else float("inf")
        return self.before.latency_us / self.after.latency_us

    @property
    def band(self) -> tuple[float, float] | None:
        """Between which factors the speed-up lies in 80 of 100 cases: what both sides rest on cancels. None where a
        report has no band."""
        return ratio_band(self.before, self.after)

    @property
    def settled(self) -> bool | None:
        """Whether the band leaves one sign: False where it holds 1, None where there is none."""
        return settled(self.speedup, self.band)

    @property
    def verdict(self) -> str:
        """The same in words, 'not settled: ...'; '' without a band."""
        return words(self.speedup, self.band)


def compare(before: Report, after: Report, threshold_us: float = 0.0005) -> Comparison:
    """The waterfall from `before` to `after`. A node is found again by its name; a new node that xamba wrote in
    the place of one that is gone replaces it. Changes below `threshold_us` are left out."""
    old = _by_name(before)
    new = _by_name(after)
    gone = {n: old[n] for n in old if n not in new}
    come = defaultdict(list)
    fresh: list[str] = []
    for name in new:
        if name not in old:
            origin = next((n.origin for n in new[name] if n.origin in gone), None)
            come[origin].append(name) if origin else fresh.append(name)
    changes = []
    for name, nodes in gone.items():
        parts = [n for c in come.get(name, ()) for n in new[c]]
        kind = "replaced" if parts else "vanished"
        changes.append(_change(kind, name, nodes, parts))
    changes += [_change("appeared", name, [], new[name]) for name in fresh]
    changes += [_change("changed", name, old[name], new[name]) for name in old if name in new]
    kept = [c for c in changes if abs(c.delta_us) >= threshold_us or c.kind != "changed"]
    return Comparison(before, after, tuple(sorted(kept, key=lambda c: -abs(c.delta_us))))


def to_document(comparison: Comparison) -> dict[str, object]:
    """Plain values for JSON: both latencies, the speed-up, the waterfall."""
    before, after = comparison.before, comparison.after
    content = {
        "precision": before.precision,
        "tiles": before.tiles,
        "before": _side(before),
        "after": _side(after),
        "speedup": comparison.speedup,
        "speedup_band": None if comparison.band is None else list(comparison.band),
        "settled": comparison.settled,
        "verdict": comparison.verdict,
        "reasons": [asdict(r) for r in reasons(before, after)],
        "changes": [asdict(c) | {"delta_us": c.delta_us} for c in comparison.changes],
    }
    return envelope(
        "npusim.compare",
        content,
        model_sha256=[before.model_sha256, after.model_sha256],
        hardware=before.hardware,
        compiler=before.compiler,
        seed=before.seed,
    )


def _side(report: Report) -> dict[str, object]:
    return {
        "graph": report.graph,
        "latency_us": report.latency_us,
        "band_us": None if report.band_us is None else list(report.band_us),
        "hardware": report.hardware,
        "tiles": report.tiles,
        "compiler": report.compiler,
        "precision": report.precision,
        "model_sha256": report.model_sha256,
        "what_ifs": [asdict(one) for one in report.what_ifs],
    }


def _by_name(report: Report) -> dict[str, list[NodeReport]]:
    found: dict[str, list[NodeReport]] = defaultdict(list)
    for node in report.nodes:
        found[node.name].append(node)
    return dict(found)


def _change(kind: str, name: str, before: list[NodeReport], after: list[NodeReport]) -> Change:
    def ops(nodes: list[NodeReport]) -> str:
        return "+".join(dict.fromkeys(n.op_type for n in nodes))

    return Change(
        kind, name, ops(before), ops(after),
        sum(n.critical_us for n in before), sum(n.critical_us for n in after),
        tuple(n.name for n in before), tuple(n.name for n in after),
    )  # fmt: skip
