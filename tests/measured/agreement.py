"""Our schedules beside those of Intel's compiler, network by network: what `docs/vendor_agreement.md` shows.

The vendor's side is tests/data (simulated by Intel's compiler, not measured), ours is predicted. Both sides leave
dispatch out: the least time of a compute step, which the vendor's estimate does not know, is set to zero.
"""

import csv
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

from npusim.arch.presets import load_hardware
from npusim.measured.join import members, same_engine
from npusim.onnx_io import load
from npusim.simulation import simulate
from tests.shared import SHARED
from tests.vendor.placement import DATA, HARDWARE, table

GOLDEN = Path(__file__).parent / "vendor_agreement.csv"
NETWORKS = DATA.parent / "vendor_networks.csv"
#: Differences of naming, not of placement: (our op, our engine, the vendor's engine).
RENAMED = {
    (
        "Gather",
        "dma",
        "dsp",
    ): "the rows go by DMA in both; the vendor's kernel under this name converts the indices",
    (
        "Einsum",
        "mac_array",
        "dma",
    ): "the product runs under another name; these are the transposes of its operands",
    (
        "MatMul",
        "mac_array",
        "dma",
    ): "a product cut out of its weights in parts: the name is that of the Split behind it, whose copies go by DMA",
    (
        "Concat",
        "none",
        "mac_array",
    ): "the turned halves of one token's rotary embedding: a product with a constant named after the Concat; ours "
    "scales the half that is negated",
    ("Split", "none", "mac_array"): "the product in front is cut in two and named after the Split",
}
FOLDERS = (
    SHARED / "graphs" / "large",
    SHARED / "graphs" / "small",
    SHARED / "reference" / "vendor_schedules",
)


@dataclass(frozen=True)
class Row:
    """One network on one NPU. `same` of `ops` layers on the same engine; MB to and from DDR; busy microseconds."""

    net: str
    kind: str
    platform: str
    tiles: int
    ops: int
    same: int
    mb: float
    vendor_mb: float
    mac_us: float
    vendor_mac_us: float
    dsp_us: float
    vendor_dsp_us: float
    total_us: float
    vendor_total_us: float
    free_kernels: str

    @property
    def share(self):
        return self.same / self.ops if self.ops else 1.0

    @property
    def bytes_error(self):
        return self.mb / self.vendor_mb - 1

    @property
    def mac_error(self):
        return self.mac_us / self.vendor_mac_us - 1 if self.vendor_mac_us else 0.0


def kind_of(net):
    """CNN, transformer or SSM, int8 when quantised; ViT is a transformer here."""
    kinds = {
        "resnet": "CNN",
        "mbv2": "CNN",
        "bert": "transformer",
        "gpt2": "transformer",
        "llama": "transformer",
    }
    kinds |= {"vit": "transformer", "cs": "micro", "mm": "micro"}
    word = next((kinds[k] for k in kinds if net.startswith(k)), "SSM")
    return f"{word} int8" if net.endswith("_qdq") else word


@cache
def networks():
    """(net, platform, tiles) -> row of the vendor's totals."""
    with NETWORKS.open() as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {(r["net"], r["platform"], r["tiles"]): r for r in rows}


def path_of(net):
    """The graph beside the project, or None."""
    return next((p for f in FOLDERS if (p := f / f"{net}.onnx").is_file()), None)


def compared():
    """Keys of the networks with a placement table and a graph."""
    return sorted(k for k in networks() if k in table() and not k[0].startswith("micro/") and path_of(k[0]))


def row_of(net, platform, tiles):
    """The row of one network, computed anew."""
    vendor = networks()[net, platform, tiles]
    graph = _graph(net)
    hw = load_hardware(HARDWARE[platform]).replace({"tiles": int(tiles), "step.minimum_ns": 0.0})
    report = simulate(graph, hw, "2026")
    engines, busy = table()[net, platform, tiles], busy_table()[net, platform, tiles]
    judged, priced, free = [], set(), {}
    for node, names in members(report.nodes, graph):
        found = [n for n in names if n in engines]
        where = set().union(*(engines[n] for n in found)) - {"fused"}
        if found and where and not node.name.endswith("/convert"):
            judged.append((node, where))
        # Without a time from the vendor there is nothing to compare ours with, for it and its like.
        if where & {"mac_array", "dsp"}:
            if any(busy[n] > 0 for n in found):
                priced.add(node.op_type)
            else:
                free[node.name] = node.op_type
    same = [same_engine(n, e) or any((n.op_type, n.engine, x) in RENAMED for x in e) for n, e in judged]
    unpriced = {kind for kind in free.values() if kind not in priced} | {"Convert"}
    counted = [n for n in report.nodes if n.op_type not in unpriced and n.name not in free]
    number = lambda key: float(vendor[key])
    edges = ("Parameter", "Result", "")
    words = [k for k in vendor["free_kernels"].split("+") if k not in edges]
    words += sorted(
        {f"{kind} (MAC)" for name, kind in free.items() if engine_of(report, name) == "mac_array"}
    )
    return Row(
        net=net,
        kind=kind_of(net),
        platform=platform,
        tiles=int(tiles),
        ops=len(judged),
        same=sum(same),
        mb=round(report.bytes_moved / 1e6, 3),
        vendor_mb=number("dma_mb"),
        mac_us=round(sum(n.busy_us.get("mac_array", 0.0) for n in counted), 1),
        vendor_mac_us=number("dpu_us"),
        dsp_us=round(sum(n.busy_us.get("dsp", 0.0) for n in counted), 1),
        vendor_dsp_us=number("shave_us"),
        total_us=round(report.latency_us, 1),
        vendor_total_us=number("total_us"),
        free_kernels=" ".join(words),
    )


def engine_of(report, name):
    return next(n.engine for n in report.nodes if n.name == name)


@cache
def busy_table():
    """(net, platform, tiles) -> layer name -> microseconds of its tasks."""
    found = defaultdict(lambda: defaultdict(float))
    with DATA.open() as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            name = row["layer"].removesuffix("/WithoutBiases")
            found[row["net"], row["platform"], row["tiles"]][name] += float(row["busy_us"] or 0)
    return found


@cache
def _graph(net):
    return load(path_of(net), {"batch": 1} if net.endswith("b") else None)


def write_golden(rows):
    with GOLDEN.open("w", newline="") as file:
        file.write(
            "# predicted beside simulated by Intel's compiler; made by docs/make_vendor_agreement.py\n"
        )
        writer = csv.DictWriter(file, [f.name for f in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_golden():
    """The committed rows."""
    types = {f.name: f.type for f in fields(Row)}
    with GOLDEN.open() as file:
        found = csv.DictReader(line for line in file if not line.startswith("#"))
        return [Row(**{k: types[k](v) for k, v in row.items()}) for row in found]
