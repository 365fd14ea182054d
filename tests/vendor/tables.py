"""The tables of Intel's compiler: which rows there are, and the graph of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from npusim.graph import Graph
from npusim.onnx_io import load
from tests.exported import kept
from tests.graphs import loaded
from tests.shared import SHARED
from tests.vendor import nets, op_graphs
from tests.vendor.compiled import engines_of, rows

DATA = Path(__file__).resolve().parents[1] / "data"
TABLES = ("ops", "blocks", "nets")
#: Networks as PyTorch's exporters leave them (tests/exported), judged beside the tables.
EXPORTED = "exported"
HALVES = ("fit", "judge")
REAL = SHARED / "cases" / "real"
#: Kinds of layer that are much of a network: where the compiler gives a kernel of theirs no time, totals say nothing.
LARGE = {
    "CumSum", "MVN", "SoftMax", "Softmax", "Attention", "ScaledDotProductAttention", "LSTMSequence", "GRUSequence",
    "GroupNormalization", "Gelu", "Swish", "HSwish", "Interpolate",
}  # fmt: skip
#: Kernels that do a network's products on the DSPs, without a price: MAC time there is not ours to compare.
ATTENTION = {"Attention", "ScaledDotProductAttention"}
#: Ops that it prices as any kernel it does not know, whatever they do.
GENERIC = ("Softplus", "un_Softplus", "cumsum")


@dataclass(frozen=True)
class Row:
    """What Intel's compiler estimates for one graph on one NPU: us, MB to and from DDR."""

    table: str
    half: str
    name: str
    kind: str
    npu: str
    tiles: int
    total_us: float
    mac_us: float
    dsp_us: float
    ddr_mb: float
    unpriced: frozenset[str]
    strategy: str
    engines: dict[str, set[str]]

    @property
    def priced(self) -> bool:
        """Whether the vendor's total can be held against ours."""
        if self.table == "ops":
            return not self.unpriced - {"Convert"} and not self.name.startswith(GENERIC)
        return not self.unpriced & LARGE

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from other rows."""
        return self.table, self.half, self.name, self.npu


def read(table: str, half: str) -> Iterator[Row]:
    """The rows that the compiler gave a schedule for, in the order of the file."""
    for r in rows(DATA / f"vendor_{table}_{half}.csv"):
        if r["total_us"]:
            yield Row(
                table=table,
                half=half,
                name=r.get("op") or r["graph"],
                kind=r.get("kind", "op"),
                npu=r["npu"],
                tiles=int(r["tiles"]),
                total_us=float(r["total_us"]),
                mac_us=float(r["mac_us"]),
                dsp_us=float(r["dsp_us"]),
                ddr_mb=float(r["ddr_mb"]),
                unpriced=frozenset(r["unpriced"].split()),
                strategy=r["strategy"],
                engines=engines_of(r) if r.get("layers") else {},
            )


@cache
def graph_of(table: str, name: str) -> Graph | None:
    """The graph of a row, without weights; None when it lies beside the project and is not there."""
    if table == EXPORTED:
        return kept.graph(name) if kept.path_of(name).exists() else None
    if table == "ops":
        return loaded(op_graphs.build(name, weights=False))
    if name in nets.NETS or name in nets.language.blocks():
        return loaded(nets.build(name, weights=False))
    path = REAL / f"{name}.onnx"
    return load(path) if path.is_file() else None
