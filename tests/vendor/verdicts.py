"""The committed verdicts of the judge (verdicts.csv) and the errors a test keeps from growing."""

import csv
import zlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from tests.vendor.judge import Verdict

GOLDEN = Path(__file__).with_name("verdicts.csv")
COLUMNS = ("table", "half", "graph", "npu", "refused", "total", "mac", "ddr", "same", "ops")
#: One row in so many is judged by the quick test.
SAMPLE = 8


def line(v: Verdict) -> dict[str, str]:
    """One row as text; empty where nothing is judged."""
    number = lambda x: "" if x is None else f"{x:.3f}"
    return {
        "table": v.row.table, "half": v.row.half, "graph": v.row.name, "npu": v.row.npu,
        "refused": "yes" if v.refused else "", "total": number(v.total), "mac": number(v.mac), "ddr": number(v.ddr),
        "same": str(v.same), "ops": str(v.ops),
    }  # fmt: skip


def write(found: Iterable[Verdict]) -> None:
    """Commit the verdicts."""
    with GOLDEN.open("w", newline="", encoding="utf-8") as file:
        file.write("# ours / Intel's compiler's (simulated); made by docs/make_vendor_agreement.py\n")
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(line(v) for v in found)


def read() -> list[dict[str, str]]:
    """The committed rows."""
    with GOLDEN.open(encoding="utf-8") as file:
        return list(csv.DictReader(row for row in file if not row.startswith("#")))


def sampled(name: str, one_of: int = SAMPLE) -> bool:
    """Whether a test judges a graph, of so many one; by hash, from both halves."""
    return zlib.crc32(f"sample {name}".encode()) % one_of == 0


def errors(found: Iterable[dict[str, str]]) -> dict[tuple[str, str], float]:
    """(table, measure) -> median error; (table, 'refused') -> how many."""
    known: dict[tuple[str, str], list[float]] = defaultdict(list)
    refused: dict[tuple[str, str], float] = defaultdict(float)
    for row in found:
        refused[row["table"], "refused"] += bool(row["refused"])
        for measure in ("total", "mac", "ddr"):
            if row[measure]:
                known[row["table"], measure].append(abs(float(row[measure]) - 1))
    return {key: median(values) for key, values in known.items()} | dict(refused)
