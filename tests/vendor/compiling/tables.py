"""The committed answers: one-node graphs (one line a form and NPU) and graphs of several nodes (one line each)."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.vendor.compiling.answers import kind

FOLDER = Path(__file__).parent
ONE_NODE = FOLDER / "one_node.csv"
JUDGED = FOLDER / "judged.csv"
SOURCE = "# Answers of Intel's NPU compiler 8.4 (OpenVINO 2026.4.1), asked offline by tests/vendor/compiling/make.py"


class One(NamedTuple):
    """An answer about a form at a rank and type; `why` is empty where the graph was compiled."""

    domain: str
    op: str
    form: str
    rank: int
    dtype: str
    npu: str
    why: str


class Judged(NamedTuple):
    """An answer about a graph: `why` it was refused, empty if it was compiled; `ours` is that of `npusim check`."""

    graph: str
    npu: str
    half: str
    why: str
    ours: str = ""


def write_one_node(rows: Iterable[tuple[Any, ...]], npus: Iterable[str]) -> None:
    """`rows`: (npu, domain, op, form, rank, dtype, stage, said)."""
    groups: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for npu, domain, op, form, rank, dtype, stage, said in rows:
        groups[domain, op, form, npu][kind(stage, said)].append(f"{rank}/{dtype}")
    with ONE_NODE.open("w", newline="", encoding="utf-8") as file:
        file.write(f"{SOURCE}: rank/type, by why they were refused.\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["domain", "op", "form", "npu", "compiled", "refused"])
        for (domain, op, form, npu), found in sorted(groups.items()):
            refused = "; ".join(f"{why}: {' '.join(cells)}" for why, cells in sorted(found.items()) if why)
            writer.writerow([domain, op, form, npu, " ".join(found.get("", [])), refused])


def read_one_node() -> Iterator[One]:
    """The answers, one a graph."""
    for row in _rows(ONE_NODE):
        groups = [("", row["compiled"])] + [g.split(": ") for g in row["refused"].split("; ") if g]
        for why, cells in groups:
            for cell in cells.split():
                rank, dtype = cell.split("/")
                yield One(row["domain"], row["op"], row["form"], int(rank), dtype, row["npu"], why)


def write_judged(rows: Iterable[Judged]) -> None:
    """One line a graph."""
    with JUDGED.open("w", newline="", encoding="utf-8") as file:
        file.write(f"{SOURCE}: why a graph was refused, empty if it was compiled.\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Judged._fields)
        writer.writerows(sorted(rows))


def read_judged() -> list[Judged]:
    """The answers."""
    return [Judged(**row) for row in _rows(JUDGED)]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))
