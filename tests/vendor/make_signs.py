"""Compile the small real graphs before and after each rewrite with Intel's compiler: vendor_signs.csv.

    python -m tests.vendor.make_signs [--compiler COMMAND]

Needs the graphs beside the project (../shared/graphs/small). Rows that are there are kept.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import onnx

from tests.vendor.compiled import append, command, compiled_row, rows
from tests.vendor.signs import GRAPHS, NPU, REWRITES, TABLE, free, rewritten


def static(path: Path) -> onnx.ModelProto:
    """The graph with every free dimension 1."""
    model, lengths = onnx.load(path), free(path)
    for value in (*model.graph.input, *model.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_value = lengths.get(dim.dim_param, 1)
    return model


def main() -> None:
    """Compile what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", help="COMMAND MODEL PLATFORM OUT_FOLDER NPU_TILES=n")
    words = command(parser.parse_args().compiler)
    there = {(r["graph"], r["rewrite"]) for r in rows(TABLE)}
    before: dict[str, dict[str, Any]] = {}
    for path in sorted(GRAPHS.glob("*.onnx")):
        for rewrite in REWRITES:
            if (path.stem, rewrite) in there:
                continue
            with tempfile.TemporaryDirectory() as folder:
                found = rewritten(path, rewrite, Path(folder))
                if found is None:
                    continue
                if path.stem not in before:
                    before[path.stem] = compiled_row(static(path), NPU, words)
                after = compiled_row(static(found[0]), NPU, words)
            first = before[path.stem]
            row = {
                "graph": path.stem, "rewrite": rewrite, "npu": NPU, "sites": found[1],
                "before_us": first["total_us"], "after_us": after["total_us"],
                "unpriced": first["unpriced"], "unpriced_after": after["unpriced"],
            }  # fmt: skip
            append(TABLE, row, "tests/vendor/make_signs.py")
            print(row, flush=True)


if __name__ == "__main__":
    main()
