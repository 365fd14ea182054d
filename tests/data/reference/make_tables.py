"""Make the small tables that travel with npusim from a whole reference folder.

    python tests/data/reference/make_tables.py ../shared/reference npusim/reference/data

A row is kept by the hash of its whole text, so the sample is the same everywhere and one row's place does not
depend on the others. The figures are from Intel's cost model VPUNN (Apache-2.0).
"""

import csv
import gzip
import hashlib
import io
import sys
from pathlib import Path

#: File and how many rows to aim at. Ground truth and DMA are few: more of them are kept.
TABLES = {
    "mac_array_npu3720": 800,
    "mac_array_npu4000": 800,
    "mac_array_npu5010": 400,
    "mac_array_npu5010_lut": 1200,
    "mac_array_npu3720_ground_truth": 130,
    "mac_array_npu4000_ground_truth": 160,
    "dma_npu3720": 500,
    "dma_npu4000": 500,
    "dma_npu5010": 500,
    "dma_ground_truth": 90,
    "dsp_npu3720": 400,
    "dsp_npu4000": 400,
    "dsp_npu5010": 400,
    "layer_npu3720": 200,
    "layer_npu4000": 200,
    "layer_npu5010": 200,
}
#: Columns left out: no prediction needs them.
DROPPED = (
    "tag",
    "suite",
    "info",
    "swizz",
    "note",
    "GB_per_s",
    "cycles_nn",
    "lut_over_nn",
    "isi",
    "params",
    "layout",
)
SOURCE = (
    "a sample of {kept} of {all} rows by hash; source: Intel's NPU cost model VPUNN "
    "(github.com/intel/npu-nn-cost-model, 8a2ae92, March 2026, Apache-2.0), {what}"
)
WHAT = {
    "ground_truth": "hardware ground truth of its regression tests",
    "lut": "the profiled table beside its NPU 5 net",
    "dma": "its DMA net",
    "dsp": "its DSP (SHAVE) kernel models",
    "layer": "its layer model, rows of the cheapest strategy",
    "mac": "its neural net",
}


def sample(folder: Path, name: str, wanted: int) -> str:
    """The kept rows of a table as CSV text with a comment that names their source."""
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    some = rows
    if name.startswith("layer"):
        some = [row for row in rows if row["best"] == "1"]
    if name.startswith("dsp"):
        some = [row for row in rows if row["provider"] == "shave2_profiled"]
    if name.startswith("dma"):
        some = [row for row in rows if int(row["bytes"]) <= 1 << 20]
    limit = wanted / len(some) * 2**32
    kept = [row for row in some if _hash(row) < limit]
    columns = [
        column for column in rows[0] if column not in DROPPED and not column.startswith(("tile0_", "wl0_"))
    ]
    what = next(text for word, text in WHAT.items() if word in name)
    text = io.StringIO()
    text.write(f"# {name}: {SOURCE.format(kept=len(kept), all=len(rows), what=what)}\n")
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(kept)
    return text.getvalue()


def _hash(row: dict[str, str]) -> int:
    return int.from_bytes(hashlib.sha256(",".join(row.values()).encode()).digest()[:4], "big")


def main() -> None:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for name, wanted in TABLES.items():
        packed = gzip.compress(sample(folder, name, wanted).encode(), 9, mtime=0)
        (target / f"{name}.csv.gz").write_bytes(packed)
        print(f"{name}: {len(packed)} bytes")


if __name__ == "__main__":
    main()
