"""Write ours by Intel's for every row of the tables to a file, to see afterwards what a change moved.

    python -m tests.vendor.ratios FILE [ops] [blocks] [nets] [--only REGEX] [--profile NAME] [--jobs N]

`python -m tests.vendor.moved BEFORE AFTER` compares two such files. A whole profile takes two to three minutes in two
processes.
"""

import argparse
import csv
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import groupby
from pathlib import Path

from tests.vendor.judge import PROFILE, Verdict, judge
from tests.vendor.tables import HALVES, TABLES, Row, graph_of, read

COLUMNS = ("table", "half", "name", "kind", "npu", "total", "mac", "ddr", "same", "ops", "refused")


def _judged(own: list[Row], profile: str) -> list[Verdict]:
    """The rows of one graph, which is built once."""
    graph = graph_of(own[0].table, own[0].name)
    graph_of.cache_clear()
    return [judge(row, graph, profile) for row in own] if graph else []


def ratios(tables: list[str], only: str, profile: str, jobs: int) -> Iterator[Verdict]:
    """The rows whose name the expression finds, in the order of the tables."""
    found = re.compile(only)
    rows = [r for t in tables for h in HALVES for r in read(t, h) if found.search(r.name)]
    graphs = [list(own) for _, own in groupby(rows, key=lambda r: (r.table, r.half, r.name))]
    with ProcessPoolExecutor(jobs) as pool:
        for own in pool.map(partial(_judged, profile=profile), graphs, chunksize=4):
            yield from own


def line(v: Verdict) -> dict[str, str | int]:
    """A row of the file; a ratio that is not judged is empty."""
    known = {m: "" if v.ratio(m) is None else f"{v.ratio(m):.6g}" for m in ("total", "mac", "ddr")}
    head = {
        "table": v.row.table,
        "half": v.row.half,
        "name": v.row.name,
        "kind": v.row.kind,
        "npu": v.row.npu,
    }
    return head | known | {"same": v.same, "ops": v.ops, "refused": v.refused[:120]}


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("tables", nargs="*", default=TABLES)
    parser.add_argument("--only", default="")
    parser.add_argument("--profile", default=PROFILE)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with options.file.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        found = ratios(list(options.tables) or list(TABLES), options.only, options.profile, options.jobs)
        writer.writerows(map(line, found))


if __name__ == "__main__":
    main()
