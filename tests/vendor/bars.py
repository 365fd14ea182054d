"""What is asked of the tables, and how far each half is: the lines of docs/vendor_agreement.md."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from statistics import median

from tests.vendor.judge import Verdict, distance
from tests.vendor.tables import EXPORTED

MEASURES = {"total": "total", "mac": "MAC time", "ddr": "DDR bytes"}
#: Largest median error of ops, and the most one of them may be off (times).
OPS = {"total": 0.25, "mac": 0.20, "ddr": 0.15}
OPS_WORST = 2.0
#: Largest error of each layer of a language model.
BLOCKS = {"total": 0.30, "mac": 0.25}
#: Largest error of a network, and the share of the networks that must keep it.
NETS = {"total": (0.25, 8 / 11), "mac": (0.20, 9 / 11), "ddr": (0.30, 8 / 11)}
ENGINES = {"3720": 0.98, "4000": 0.98, "5010": 0.96}
CLASS_BYTES = (0.15, 0.75)
#: Classes that do not meet it, and the share that they keep at least: by half.
CLASS_FLOORS = {("judge", "dense"): 0.66}
#: Of the layers' totals and MAC times within their bar (the bar is all of them), by half.
BLOCKS_FLOORS = {"total": {"fit": 1.0, "judge": 1.0}, "mac": {"fit": 0.99, "judge": 0.99}}


def summary(found: Iterable[Verdict]) -> Iterator[str]:
    """Markdown: a line for each table, half and measure."""
    groups: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for v in found:
        groups[v.row.table, v.row.half].append(v)
    yield "| table | half | graphs | refused | measure | judged | median error | worst | bar | met |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for (table, half), own in sorted(
        groups.items(), key=lambda g: (("ops", "blocks", "nets", EXPORTED).index(g[0][0]), g[0][1])
    ):
        head = f"| {table} | {half} | {len(own)} | {sum(bool(v.refused) for v in own)} |"
        for measure, word in MEASURES.items():
            known = [(v.ratio(measure), v) for v in own if v.ratio(measure) is not None]
            if known:
                yield f"{head} {word} | {line(table, measure, known)} |"


def line(table: str, measure: str, known: list[tuple[float, Verdict]]) -> str:
    """Judged, median, worst, bar, met of one measure."""
    errors = [abs(ratio - 1) for ratio, _ in known]
    ratio, v = max(known, key=lambda one: distance(one[0]))
    bar, met = VERDICTS[table](measure, [ratio for ratio, _ in known])
    return f"{len(known)} | {median(errors):.0%} | x{ratio:.2f} {v.row.name} {v.row.npu} | {bar} | {met}"


def of_ops(measure: str, ratios: list[float]) -> tuple[str, str]:
    """Median, and for totals the worst."""
    good = median(abs(r - 1) for r in ratios) <= OPS[measure]
    if measure != "total":
        return f"median {OPS[measure]:.0%}", yes(good)
    far = sum(distance(r) > OPS_WORST for r in ratios)
    return f"median {OPS[measure]:.0%}, none off by x{OPS_WORST:.0f}", yes(good and not far) + (
        f" ({far} off)" if far else ""
    )


def of_blocks(measure: str, ratios: list[float]) -> tuple[str, str]:
    """Every one within the bar."""
    if measure not in BLOCKS:
        return "none", ""
    inside = sum(abs(r - 1) <= BLOCKS[measure] for r in ratios)
    return f"each {BLOCKS[measure]:.0%}", f"{yes(inside == len(ratios))} ({inside} of {len(ratios)})"


def of_nets(measure: str, ratios: list[float]) -> tuple[str, str]:
    """A share of them within the bar."""
    bar, share = NETS[measure]
    inside = sum(abs(r - 1) <= bar for r in ratios)
    return f"{bar:.0%} for {share:.0%}", f"{yes(inside >= share * len(ratios))} ({inside} of {len(ratios)})"


VERDICTS: dict[str, Callable[[str, list[float]], tuple[str, str]]] = {
    "ops": of_ops,
    "blocks": of_blocks,
    "nets": of_nets,
    EXPORTED: of_nets,
}


def yes(good: bool) -> str:
    """`yes` or `no`."""
    return "yes" if good else "no"


def engine_lines(found: Iterable[Verdict]) -> Iterator[str]:
    """Markdown: share of nodes on the vendor's engine, by half and NPU; networks and layers of language models."""
    groups: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for v in found:
        if v.ops:
            groups[v.row.half, v.row.npu].append(v)
    yield "| half | NPU | networks | nodes | same engine | bar | met |"
    yield "|---|---|---|---|---|---|---|"
    for (half, npu), own in sorted(groups.items()):
        share = sum(v.same for v in own) / sum(v.ops for v in own)
        nodes, bar = sum(v.ops for v in own), ENGINES[npu]
        yield f"| {half} | {npu} | {len(own)} | {nodes} | {share:.1%} | {bar:.0%} | {yes(share >= bar)} |"


def classes(found: Iterable[Verdict]) -> list[tuple[tuple[str, str], list[Verdict]]]:
    """((half, class), its networks and layers whose bytes are judged), sorted."""
    groups: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for v in found:
        if v.ddr is not None and v.row.table != "ops":
            groups[v.row.half, v.row.kind].append(v)
    return sorted(groups.items())


def share_inside(own: list[Verdict]) -> float:
    """Share of them whose bytes are within the bar of `CLASS_BYTES`."""
    return sum(abs(v.ddr - 1) <= CLASS_BYTES[0] for v in own) / len(own)


def class_lines(found: Iterable[Verdict]) -> Iterator[str]:
    """Markdown: share of the networks of each class whose bytes are within the bar."""
    bar, share = CLASS_BYTES
    yield f"| half | class | schedules | bytes within {bar:.0%} | median error | bar | met |"
    yield "|---|---|---|---|---|---|---|"
    for (half, kind), own in classes(found):
        inside, errors = share_inside(own), [abs(v.ddr - 1) for v in own]
        head = f"| {half} | {kind} | {len(own)} | {inside:.0%} | {median(errors):.0%}"
        yield f"{head} | {share:.0%} | {yes(inside >= share)} |"
