"""The parts of docs/vendor_agreement.md about ops, layers and networks at real sizes, and about rewrites."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.vendor.bars import BLOCKS, CLASS_BYTES, NETS, OPS_WORST, classes, share_inside, yes
from tests.vendor.causes import cause_of
from tests.vendor.judge import Verdict, distance
from tests.vendor.signs import LEAST_GAIN, Sign

NPUS = ("3720", "4000", "5010")
SIGNS_BAR = 0.9
#: So many graphs of a class below its bar are named.
NAMED = 10


def network_lines(found: Iterable[Verdict], table: str) -> Iterator[str]:
    """A line a graph: ours / the vendor's, by NPU, `!` where a bar is missed; and the cause."""
    bars = {m: bar for m, (bar, _) in NETS.items()} if table != "blocks" else BLOCKS
    graphs: dict[tuple[str, str, str], dict[str, Verdict]] = defaultdict(dict)
    for v in found:
        if v.row.table == table:
            graphs[v.row.half, v.row.name, v.row.kind][v.row.npu] = v
    yield "| half | graph | class | total 3720, 5010 | MAC 3720, 4000, 5010 | bytes 3720, 4000, 5010 | why |"
    yield "|---|---|---|---|---|---|---|"
    for (half, name, kind), own in sorted(graphs.items()):
        cells, missed = [], []
        for measure in ("total", "mac", "ddr"):
            words = []
            for npu in NPUS if measure != "total" else ("3720", "5010"):
                v = own.get(npu)
                ratio = v.ratio(measure) if v and not v.refused else None
                far = ratio is not None and measure in bars and abs(ratio - 1) > bars[measure]
                missed += [(measure, npu, ratio)] if far else []
                words.append(
                    "refused"
                    if v and v.refused
                    else "-"
                    if ratio is None
                    else f"{ratio:.2f}{' !' if far else ''}"
                )
            cells.append(", ".join(words))
        why = cause_of(table, name, kind, missed) if missed else ""
        yield f"| {half} | {name} | {kind} | {' | '.join(cells)} | {why} |"


def below_lines(found: Iterable[Verdict]) -> Iterator[str]:
    """For each class whose bytes are below the bar a sentence, then the graphs furthest off and their causes."""
    bar, share = CLASS_BYTES
    below = [(key, own) for key, own in classes(found) if share_inside(own) < share]
    if not below:
        yield "Every class meets its bar in both halves."
    for (half, kind), own in below:
        yield (
            f"**Not met:** the bytes of {kind} in the {half} half are within {bar:.0%} for {share_inside(own):.0%} of "
            f"{len(own)} schedules, below the bar of {share:.0%}. Furthest off, ours / the vendor's:"
        )
        yield ""
        far: dict[tuple[str, str], list[tuple[str, str, float]]] = defaultdict(list)
        for v in sorted(own, key=lambda v: -distance(v.ddr)):
            if abs(v.ddr - 1) > bar:
                far[v.row.table, v.row.name].append(("ddr", v.row.npu, v.ddr))
        for (table, name), missed in list(far.items())[:NAMED]:
            where = ", ".join(f"{ratio:.2f} on {npu}" for _, npu, ratio in missed)
            yield f"- {name}: {where}: {cause_of(table, name, kind, missed)}"
        yield ""


def far_ops(found: Iterable[Verdict]) -> Iterator[str]:
    """Each op whose total is off by more than a factor of two, with its cause."""
    graphs: dict[tuple[str, str], list[str]] = defaultdict(list)
    missed: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
    for v in found:
        if v.row.table == "ops" and v.total is not None and distance(v.total) > OPS_WORST:
            graphs[v.row.half, v.row.name].append(f"{v.total:.2f} on {v.row.npu}")
            missed[v.row.name].append(("total", v.row.npu, v.total))
    yield "| half | op | ours / the vendor's total | why |"
    yield "|---|---|---|---|"
    for (half, name), own in sorted(graphs.items()):
        yield f"| {half} | {name} | {', '.join(own)} | {cause_of('ops', name, 'op', missed[name])} |"


def sign_lines(found: Iterable[Sign]) -> Iterator[str]:
    """How often the two agree, by rewrite; then each case that counts where they do not."""
    found = list(found)
    rewrites = list(dict.fromkeys(s.rewrite for s in found))
    yield f"| rewrite | graphs | gain above {LEAST_GAIN:.0%} on a side | same sign | bar {SIGNS_BAR:.0%} met |"
    yield "|---|---|---|---|---|"
    for name in [*rewrites, "all"]:
        own = [s for s in found if name in (s.rewrite, "all")]
        counted = [s for s in own if s.counts]
        same = sum(s.same for s in counted)
        share = same / len(counted) if counted else 1.0
        yield f"| {name} | {len(own)} | {len(counted)} | {same} ({share:.0%}) | {yes(share >= SIGNS_BAR)} |"
    yield ""
    yield "| graph | rewrite | sites | gain by us | gain by Intel's compiler | same sign |"
    yield "|---|---|---|---|---|---|"
    for s in sorted(found, key=lambda s: (s.rewrite, s.graph)):
        mark = yes(s.same) if s.counts else "neither above the bar"
        yield f"| {s.graph} | {s.rewrite} | {s.sites} | {s.ours:+.1%} | {s.theirs:+.1%} | {mark} |"
