"""Compile exported networks with Intel's compiler: tests/data/vendor_exported_*.csv, and their graphs without weights.

    python -m tests.exported.make FOLDER [--compiler COMMAND] [--npus 3720,4000,5010]

FOLDER holds what `tests.exported.export` wrote; rows that are there are kept. A hash of the name says which half.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import onnx

from tests.exported.kept import keep, path_of
from tests.exported.recipes import RECIPES
from tests.vendor.compiled import TILES, append, command, compiled_row, half, rows

DATA = Path(__file__).resolve().parents[1] / "data"


def main() -> None:
    """Compile what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--compiler", help="COMMAND MODEL PLATFORM OUT_FOLDER NPU_TILES=n")
    parser.add_argument("--npus", default=",".join(TILES))
    options = parser.parse_args()
    words = command(options.compiler)
    for name, recipe in RECIPES.items():
        file, table = options.folder / f"{name}.onnx", DATA / f"vendor_exported_{half(name)}.csv"
        there = {(r["graph"], r["npu"]) for r in rows(table)}
        missing = [npu for npu in options.npus.split(",") if (name, npu) not in there]
        if not missing or not file.exists():
            continue
        if not path_of(name).exists():
            keep(file, name)
        model = onnx.load(file)
        for npu in missing:
            head = {"graph": name, "kind": recipe.kind, "npu": npu, "tiles": TILES[npu]}
            row = head | compiled_row(model, npu, words, layers=True)
            append(table, row, "tests/exported/make.py")
            print(name, npu, half(name), "compiled" if row["total_us"] else row["unpriced"], flush=True)


if __name__ == "__main__":
    main()
