"""Our prediction of each row of the tables beside that of Intel's compiler, and what of it is judged.

    python -m tests.vendor.judge [ops] [blocks] [nets] [--half fit|judge] [--profile NAME] [--worst N]

Ratios are ours / theirs. Set aside: totals on NPU 4000 (that release prices DMA with another law there) and where a
kernel that does real work has no price; MAC time below 20 us or where attention is such a kernel; bytes below 1 MB.
The least time of a step is set aside on every NPU: the vendor's estimate does not know it (nor the host's part, which
no total here has).
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from npusim.arch.presets import load_hardware
from npusim.errors import NpusimError
from npusim.graph import Graph
from npusim.measured.join import members, same_engine
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.measured.agreement import RENAMED
from tests.vendor.placement import HARDWARE
from tests.vendor.tables import ATTENTION, HALVES, TABLES, Row, graph_of, read

LEAST_MAC_US = 20.0
LEAST_MB = 1.0
PROFILE = "2026-as-released"


@dataclass(frozen=True)
class Verdict:
    """One row judged; a ratio is None where it is not. `same` of `ops` layers run on the vendor's engine."""

    row: Row
    refused: str = ""
    total: float | None = None
    mac: float | None = None
    ddr: float | None = None
    same: int = 0
    ops: int = 0

    def ratio(self, measure: str) -> float | None:
        """`total`, `mac` or `ddr`."""
        return getattr(self, measure)


@cache
def machine(npu: str, tiles: int):
    """The NPU as the vendor's estimate sees it."""
    return load_hardware(HARDWARE[npu]).replace({"tiles": tiles, "step.minimum_ns": 0.0})


def judge(row: Row, graph: Graph, profile: str = "") -> Verdict:
    """Simulate one row, in `PROFILE` where no profile is given."""
    try:
        report = simulate(graph, machine(row.npu, row.tiles), profile or PROFILE, band=False)
    except NpusimError as error:
        return Verdict(row, refused=f"{type(error).__name__}: {error}")
    same, ops = engines(report, graph, row)
    free = row.unpriced & ATTENTION or any(layer.endswith(":mac") for layer in row.unpriced)
    on_the_array = row.mac_us > LEAST_MAC_US and not free
    return Verdict(
        row,
        total=report.latency_us / row.total_us if row.priced and row.npu != "4000" else None,
        mac=report.engines.get("mac_array", 0.0) / row.mac_us if on_the_array else None,
        ddr=report.bytes_moved / 1e6 / row.ddr_mb if row.ddr_mb > LEAST_MB else None,
        same=same,
        ops=ops,
    )


def engines(report: Report, graph: Graph, row: Row) -> tuple[int, int]:
    """Nodes on the engine that the vendor's compiler chose, of those both know."""
    return len(kept := list(pairs(report, graph, row))) - sum(not same for _, _, same in kept), len(kept)


def pairs(report: Report, graph: Graph, row: Row):
    """(node, the vendor's engines, agreed) of each node that the vendor's compiler gave a task."""
    for node, names in members(report.nodes, graph):
        found = [n for n in (name.replace(" ", "_") for name in names) if n in row.engines]
        where = set().union(*(row.engines[n] for n in found)) - {"fused"}
        if where and not node.name.endswith("/convert"):
            named = any((node.op_type, node.engine, x) in RENAMED for x in where)
            yield node, where, same_engine(node, where) or named


def verdicts(
    tables: Iterable[str] = TABLES, halves: Iterable[str] = HALVES, profile: str = ""
) -> list[Verdict]:
    """All rows whose graph is at hand."""
    halves = list(halves)
    rows = [row for table in tables for half in halves for row in read(table, half)]
    return [judge(row, graph, profile) for row in rows if (graph := graph_of(row.table, row.name))]


def distance(ratio: float) -> float:
    """How many times off, either way."""
    return max(ratio, 1 / ratio) if ratio > 0 else float("inf")


def main() -> None:
    """Print the tables and the worst rows."""
    from tests.vendor.bars import summary

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", default=TABLES)
    parser.add_argument("--half", choices=HALVES)
    parser.add_argument("--profile", default=PROFILE)
    parser.add_argument("--worst", type=int, default=0)
    options = parser.parse_args()
    found = verdicts(options.tables or TABLES, [options.half] if options.half else HALVES, options.profile)
    print("\n".join(summary(found)))
    for half in HALVES:
        for table in TABLES:
            own = [v for v in found if v.row.table == table and v.row.half == half]
            for v in own:
                if v.refused:
                    print(f"refused {table} {half} {v.row.name} {v.row.npu}: {v.refused[:160]}")
            for measure in ("total", "mac", "ddr"):
                known = [v for v in own if v.ratio(measure) is not None]
                for v in sorted(known, key=lambda v: -distance(v.ratio(measure)))[: options.worst]:
                    where = f"{table} {half} {measure:5s} x{v.ratio(measure):5.2f}"
                    print(f"{where}  {v.row.name} {v.row.npu}  {v.row.strategy[:90]}")


if __name__ == "__main__":
    main()
