"""Does a rewrite pay? Our answer beside that of Intel's compiler, on NPU 5010, over the small real graphs.

Gains are 1 - after / before in total time; `vendor_signs.csv` holds the compiler's side. A graph that a pass leaves
as it is has no row. Tables (ActiBA) are written in plain ops, as that compiler reads no functions.
"""

import csv
import tempfile
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from npusim.arch.presets import load_hardware
from npusim.onnx_io import load
from npusim.simulation import simulate
from tests.shared import SHARED
from tests.vendor.compiled import rows
from tests.vendor.placement import HARDWARE
from xamba.errors import XambaError
from xamba.pipeline import make_pass, optimize

TABLE = Path(__file__).resolve().parents[1] / "data" / "vendor_signs.csv"
GOLDEN = Path(__file__).with_name("signs.csv")
GRAPHS = SHARED / "graphs" / "small"
NPU = "5010"
#: name -> options of the rewrites compared.
REWRITES = {"cumba": {}, "reduba": {}, "actiba": {"inline": True}, "chunk": {}}
LEAST_GAIN = 0.05


@dataclass(frozen=True)
class Sign:
    """One graph and one rewrite: gains (1 - after / before) by us and by the compiler."""

    graph: str
    rewrite: str
    sites: int
    ours: float
    theirs: float

    @property
    def counts(self) -> bool:
        """Whether either side sees more than a shrug."""
        return max(abs(self.ours), abs(self.theirs)) > LEAST_GAIN

    @property
    def same(self) -> bool:
        """Whether both would take the rewrite, or both leave it."""
        return (self.ours > 0) == (self.theirs > 0)


def write_golden(found: list[Sign]) -> None:
    """Commit both sides' gains."""
    with GOLDEN.open("w", newline="", encoding="utf-8") as file:
        file.write(
            "# gains on NPU 5010, ours predicted, theirs simulated; made by docs/make_vendor_agreement.py\n"
        )
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("graph", "rewrite", "sites", "ours", "theirs"))
        writer.writerows((s.graph, s.rewrite, s.sites, s.ours, s.theirs) for s in found)


def read_golden() -> list[Sign]:
    """The committed gains."""
    return [
        Sign(r["graph"], r["rewrite"], int(r["sites"]), float(r["ours"]), float(r["theirs"]))
        for r in rows(GOLDEN)
    ]


def rewritten(graph: Path, rewrite: str, folder: Path) -> tuple[Path, int] | None:
    """The rewritten file and the number of sites; None where the pass finds nothing or refuses."""
    out = folder / f"{graph.stem}_{rewrite}.onnx"
    try:
        done = optimize(graph, out, [make_pass(rewrite, **REWRITES[rewrite])], check_answer=False)
    except XambaError:
        return None
    return (out, len(done.rewritten)) if done.modified else None


def latency_us(path: Path) -> float:
    """Ours, for one batch."""
    graph = load(path, free(path))
    hw = load_hardware(HARDWARE[NPU]).replace(
        {"step.minimum_ns": 0.0}
    )  # the vendor's estimate does not know it
    return simulate(graph, hw, "2026").latency_us


def free(path: Path) -> dict[str, int]:
    """1 for each free dimension of a file's inputs."""
    import onnx

    inputs = onnx.load(path, load_external_data=False).graph.input
    return {d.dim_param: 1 for x in inputs for d in x.type.tensor_type.shape.dim if d.dim_param}


def compared(graphs: Container[str] | None = None) -> Iterator[Sign]:
    """Every row of the table whose graph is at hand (of `graphs`) and whose rewrite this version still makes so."""
    before: dict[str, float] = {}
    for row in rows(TABLE):
        path = GRAPHS / f"{row['graph']}.onnx"
        if graphs is not None and row["graph"] not in graphs:
            continue
        if (
            not path.is_file()
            or not row["after_us"]
            or not row["before_us"]
            or row["rewrite"] not in REWRITES
        ):
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = rewritten(path, row["rewrite"], Path(folder))
            if found is None or found[1] != int(row["sites"]):
                continue
            before.setdefault(row["graph"], latency_us(path))
            ours = 1 - latency_us(found[0]) / before[row["graph"]]
        theirs = 1 - float(row["after_us"]) / float(row["before_us"])
        yield Sign(row["graph"], row["rewrite"], found[1], round(ours, 4), round(theirs, 4))
