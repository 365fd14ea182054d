"""A prediction beside a profile: total, per engine, per layer, and what explains the gap.

Layers are joined on their names. Both compilers fuse, and name a group after different members, so one of our
nodes with all it absorbed stands against all layers of the profile that carry one of those names. OpenVINO
names a graph's last op after its output, and conversions at the edge after the input or `OUTPUT/sink_port_0`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from npusim.graph import Graph
from npusim.measured.layers import EDGES, ENGINES, STEP
from npusim.measured.profile import CPU, MEASURED, VENDOR, Profile, ProfileLayer
from npusim.measured.readers.own_report import profile_of_report
from npusim.report.record import NodeReport, Report

MOVES = ("dma", "none")


@dataclass(frozen=True, slots=True)
class Pair:
    """One of our nodes beside the profile's layers of the same names. Times in microseconds, bytes of DDR."""

    name: str
    op_type: str
    layers: tuple[str, ...]
    engine: str
    theirs: str  # engines of the layers' compute, joined by '+'
    same_engine: bool
    split: str
    their_split: str
    tiles: int
    their_tiles: int
    predicted_us: float
    us: float
    predicted_bytes: float
    nbytes: float | None
    unpriced: bool

    @property
    def gap_us(self) -> float:
        return self.predicted_us - self.us


@dataclass(frozen=True, slots=True)
class Crosscheck:
    """`times_are` says what a layer's time is. Empty numbers are None: the profile does not say.

    `engines`: engine -> (predicted, profile's) busy microseconds."""

    report: Report
    profile: Profile
    predicted_us: float
    latency_us: float | None
    engines: dict[str, tuple[float, float]]
    times_are: str
    pairs: tuple[Pair, ...]
    only_predicted: tuple[NodeReport, ...]
    only_profile: tuple[ProfileLayer, ...]
    predicted_bytes: float
    nbytes: float | None
    notes: tuple[str, ...]

    @property
    def timed(self) -> bool:
        """False for a profile of a CPU: it is compared by names only, not by engine or time."""
        return self.profile.label != CPU

    @property
    def same_engine_share(self) -> float | None:
        """Share of the joined layers that run on the same engine, 0..1; None when there is none to compare."""
        if not (self.pairs and self.timed):
            return None
        return sum(p.same_engine for p in self.pairs) / len(self.pairs)

    def explaining(self, count: int) -> list[Pair]:
        """The layers that differ most in time; those the vendor's compiler left unpriced are no evidence."""
        judged = [p for p in self.pairs if self.timed and not p.unpriced and p.gap_us]
        return sorted(judged, key=lambda p: -abs(p.gap_us))[:count]


def symmetric_error(predicted: float, other: float) -> float:
    """(predicted - other) over their mean: -2 to 2, and the same size whichever of the two is the larger."""
    total = predicted + other
    return 2.0 * (predicted - other) / total if total else 0.0


def compare(report: Report, graph: Graph, profile: Profile, host_us: float = 0.0) -> Crosscheck:
    """The prediction of `graph` beside a profile of it.

    `host_us`: the host's part of a synchronous inference, added where the profile's latency has it inside.
    A profile of a CPU is compared by names only: its times stay out.
    """
    if profile.label == CPU:
        profile = _without_times(profile)
    own = profile_of_report(report, waits=profile.label != VENDOR)
    ours = {layer.name: layer for layer in own.layers}
    theirs = {layer.name: layer for layer in profile.layers}
    detailed = bool(profile.tasks)
    pairs: list[Pair] = []
    alone: list[NodeReport] = []
    taken: set[str] = set()
    for node, names in members(report.nodes, graph):
        found = [theirs[n] for n in names if n in theirs and n not in taken]
        taken.update(layer.name for layer in found)
        mine = ours.get(node.name)
        if found:
            pairs.append(_pair(node, mine, found, detailed))
        elif mine is not None and profile.layers:
            alone.append(node)
    synchronous = profile.label == MEASURED and bool(profile.facts.get("synchronous"))
    return Crosscheck(
        report=report,
        profile=profile,
        predicted_us=report.latency_us + (host_us if synchronous else 0.0),
        latency_us=profile.latency_us,
        engines=_engines(own, ours, report, profile),
        times_are="time in which any engine works for it" if detailed else "from its first task to its last",
        pairs=tuple(pairs),
        only_predicted=tuple(alone),
        only_profile=tuple(layer for name, layer in theirs.items() if name not in taken),
        predicted_bytes=report.bytes_moved,
        nbytes=profile.bytes_moved,
        notes=tuple(_notes(report, profile, synchronous)),
    )


def members(nodes: Iterable[NodeReport], graph: Graph) -> list[tuple[NodeReport, list[str]]]:
    """Each node with every name its work may carry in OpenVINO: its own, those it absorbed, their outputs."""
    outputs = {node.name: node.outputs for node in graph.nodes}
    found = []
    for node in nodes:
        names: dict[str, None] = {}
        for member in (node.name, *node.fused):
            names |= dict.fromkeys((member, *outputs.get(member, ())))
        if node.op_type == "Convert" and node.name.endswith("/convert"):
            edge = node.name.removesuffix("/convert")
            names |= dict.fromkeys(
                (edge, f"{edge}/sink_port_0") if edge in graph.inputs else (f"{edge}/sink_port_0",)
            )
        found.append((node, list(names)))
    return found


def same_engine(node: NodeReport, engines: Iterable[str]) -> bool:
    """An engine in common; a move and a view are both 'no compute'."""
    engines = set(engines)
    if node.engine in MOVES:
        return bool(engines & set(MOVES))
    return bool({e for e in node.busy_us if e != "dma"} & engines)


def _pair(node: NodeReport, mine: ProfileLayer | None, found: list[ProfileLayer], detailed: bool) -> Pair:
    compute = {e for layer in found for e in (layer.busy_us or {layer.engine: 0.0}) if e not in MOVES}
    engines = compute or {layer.engine for layer in found}
    sizes = [layer.nbytes for layer in found]
    attribute = "working_us" if detailed else "span_us"
    return Pair(
        name=node.name,
        op_type=node.op_type,
        layers=tuple(layer.name for layer in found),
        engine=node.engine,
        theirs="+".join(sorted(engines)),
        same_engine=same_engine(node, engines),
        split=node.split,
        their_split="+".join(dict.fromkeys(layer.split for layer in found if layer.split)),
        tiles=node.tiles,
        their_tiles=max(layer.units for layer in found),
        predicted_us=getattr(mine, attribute) if mine else 0.0,
        us=sum(getattr(layer, attribute) for layer in found),
        predicted_bytes=(mine.nbytes or 0.0) if mine else 0.0,
        nbytes=None if None in sizes else sum(s for s in sizes if s is not None),
        unpriced=any(layer.unpriced for layer in found),
    )


def _engines(
    own: Profile, ours: Mapping[str, ProfileLayer], report: Report, profile: Profile
) -> dict[str, tuple[float, float]]:
    if not profile.engines:
        return {}
    if profile.tasks:
        known = [e for e in ENGINES if e != "dma" or any(t.engine == "dma" for t in profile.tasks)]
        known += [STEP] if STEP in own.engines or STEP in profile.engines else []
        return {e: (own.engines.get(e, 0.0), profile.engines.get(e, 0.0)) for e in known}
    spans = {e: sum(layer.span_us for layer in ours.values() if layer.engine == e) for e in ENGINES}
    return {e: (spans[e], profile.engines.get(e, 0.0)) for e in ENGINES}


def _without_times(profile: Profile) -> Profile:
    from dataclasses import replace

    layers = tuple(
        ProfileLayer(layer.name, layer.op_type, layer.engine, span_us=0.0)
        for layer in profile.layers
        if layer.op_type not in EDGES
    )
    return replace(profile, layers=layers, latency_us=None, engines={}, tasks=())


def _notes(report: Report, profile: Profile, synchronous: bool) -> Iterable[str]:
    yield from profile.notes
    if profile.label == CPU:
        yield "a CPU run checks names and values; its times say nothing about an NPU and are not compared"
        return
    if profile.tiles and profile.tiles != report.tiles:
        yield f"the profile is of {profile.tiles} tiles, the prediction of {report.tiles}; pass --tiles {profile.tiles}"
    clock = report.clocks_mhz.get("mac_array", 0.0)
    if profile.mac_clock_mhz and clock and abs(profile.mac_clock_mhz / clock - 1) > 0.01:
        yield f"the profile's MAC arrays ran at {profile.mac_clock_mhz:.0f} MHz, the prediction's at {clock:.0f}"
    if report.precision == "int8":
        yield "the prediction is of 8-bit arithmetic; the profile is of whatever the file it was made of holds"
    if synchronous and profile.latency_us is not None:
        yield "the measured latency holds the host's part of an inference; so does the prediction"
    if waits := report.engines.get(STEP, 0.0):
        yield (
            f"{waits:,.1f} us of the predicted latency's tasks are waits for the dispatch of compute steps"
            + (
                ", which Intel's compiler does not price: no layer's time here holds them"
                if profile.label == VENDOR
                else ""
            )
        )
    sha = profile.facts.get("model_sha256")
    if sha and report.model_sha256 and sha != report.model_sha256:
        yield "the profile was recorded with another version of the model's file"
