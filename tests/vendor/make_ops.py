"""Compile the ops of tests/data/vendor_ops.txt with Intel's compiler: vendor_ops_fit.csv and vendor_ops_judge.csv.

    python -m tests.vendor.make_ops [--compiler COMMAND] [--npus 3720,4000,5010]

Rows that are there are kept, new ones appended as they come (about 3 s each, a minute for the largest).
"""

import argparse
from pathlib import Path

from tests.vendor.compiled import TILES, append, command, compiled_row, half, rows
from tests.vendor.op_graphs import build

DATA = Path(__file__).resolve().parents[1] / "data"
LIST = DATA / "vendor_ops.txt"


def listed() -> list[tuple[str, str]]:
    """(op, half) in the order of the list; the first block was published before, so it is for fitting, as is a block
    that says so. One `not looked at` was compiled when the rules were done."""
    found, blocks, all_of_it = [], 0, ""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            blocks += 1
            all_of_it = "fit" if blocks <= 2 or "all for fitting" in line else ""
            all_of_it = "judge" if "not looked at" in line else all_of_it
            continue
        found += [(op, all_of_it or half(op)) for op in line.split()]
    return found


def main() -> None:
    """Compile what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", help="COMMAND MODEL PLATFORM OUT_FOLDER NPU_TILES=n")
    parser.add_argument("--npus", default=",".join(TILES))
    options = parser.parse_args()
    words = command(options.compiler)
    tables = {name: DATA / f"vendor_ops_{name}.csv" for name in ("fit", "judge")}
    there = {(r["op"], r["npu"]) for path in tables.values() for r in rows(path)}
    for op, side in listed():
        model = None
        for npu in options.npus.split(","):
            if (op, npu) not in there:
                model = model or build(op)
                row = {"op": op, "npu": npu, "tiles": TILES[npu]} | compiled_row(model, npu, words)
                append(tables[side], row, "tests/vendor/make_ops.py")
                print(op, npu, side, row["total_us"], row["unpriced"], flush=True)


if __name__ == "__main__":
    main()
