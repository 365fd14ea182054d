"""Intel's estimates of the layers of the XAMBA study, as a table the study prints beside its own prices.

    NPUSIM_VENDOR_COMPILER="CMD" python docs/studies/intel.py > docs/studies/intel.csv

CMD MODEL PLATFORM OUT NPU_TILES=n runs Intel's compiler (8.4, of 2026) offline. Estimates, not hardware. `unpriced`
names kernels it gives no time (CumSum on NPU 3720 and 4000). A model it refuses, or takes too long for, has no
figure; rows of the same layer as exported to ONNX, asked of the same compiler, stand in for some of those and say so
in `source`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path = [p for p in sys.path if p != str(HERE)] + [str(HERE)]

import tempfile  # noqa: E402
from functools import cache  # noqa: E402

import layers  # noqa: E402
import onnx_ir as ir  # noqa: E402

import npusim  # noqa: E402
from npusim.errors import NpusimError  # noqa: E402
from npusim.measured.compiler import command_of, compile_with_vendor  # noqa: E402

#: Rewrites worth a compile: the others change nothing that Intel's compiler prices, or it refuses them.
ASKED = {"mamba-1": ("baseline", "in place", "relu"), "mamba-2": ("baseline", "CumBA", "ReduBA", "both")}
NPUS = (("meteor_lake", 2), ("lunar_lake", 4), ("lunar_lake", 6), ("panther_lake", 3))
SOURCE = "Intel's schedules (NPU compiler 8.4); docs/studies/intel.py asks it"
COLUMNS = ("network", "rewrite", "npu", "tiles", "estimate_us", "unpriced", "source")


@cache
def table() -> dict[tuple[str, str, str, int], float]:
    """Estimates in us by network, rewrite, NPU and tiles, from the committed file."""
    with open(HERE / "intel.csv") as file:
        rows = [r for r in csv.DictReader(file) if r["estimate_us"]]
    return {(r["network"], r["rewrite"], r["npu"], int(r["tiles"])): float(r["estimate_us"]) for r in rows}


def main() -> None:
    command = command_of()
    out = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    out.writeheader()
    with tempfile.TemporaryDirectory() as folder:
        for network, models in (("mamba-1", layers.mamba1_models(4)), ("mamba-2", layers.mamba2_models())):
            for name in ASKED[network]:
                model = models[name]
                file = Path(folder) / "layer.onnx"
                ir.save(model, file)
                for npu, tiles in NPUS:
                    generation = npusim.hardware(npu).generation
                    row = dict(zip(COLUMNS, (network, name, npu, tiles, "", "", SOURCE), strict=True))
                    try:
                        found = compile_with_vendor(file, generation, tiles, command)
                        row["estimate_us"] = f"{found.latency_us:.1f}"
                        row["unpriced"] = "/".join(sorted({n.op_type for n in found.layers if n.unpriced}))
                    except NpusimError as error:
                        print(f"{network} {name} {npu}: {error}", file=sys.stderr)
                    out.writerow(row)
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
