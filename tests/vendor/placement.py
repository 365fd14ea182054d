"""Where our compiler puts ops beside where Intel's put them (tests/data/vendor_placement.csv).

Both fuse, and name a fused group after different members, so groups are compared: one of our nodes, with the names
it absorbed, against all of the vendor's layers of those names. The vendor's answer is the set of engines its
layers of the group used; a layer without tasks is 'fused'."""

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate

DATA = Path(__file__).resolve().parents[1] / "data" / "vendor_placement.csv"
HARDWARE = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}
SUFFIXES = ("/WithoutBiases",)
EDGES = ("Parameter", "Result", "Constant")  # the graph's own inputs and outputs
MOVES = ("dma", "none", "fused")


@cache
def table():
    """(net, platform, tiles) -> layer name -> set of engines."""
    found = defaultdict(lambda: defaultdict(set))
    with DATA.open() as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if row["ov_type"] not in EDGES:
                name = row["layer"]
                for suffix in SUFFIXES:
                    name = name.removesuffix(suffix)
                found[row["net"], row["platform"], row["tiles"]][name] |= set(row["engine"].split("+"))
    return found


def compare(graph, net, platform, tiles):
    """Pairs (our node, engines the vendor used) where both know the op; and the number of vendor layers matched."""
    return compare_layers(graph, table()[net, platform, str(tiles)], platform, tiles)


@cache
def _machine(platform, tiles):
    return load_hardware(HARDWARE[platform]).replace({"tiles": tiles})


def compare_layers(graph, layers, platform, tiles):
    """The same for layers of any source: name -> set of engines."""
    report = simulate(graph, _machine(platform, int(tiles)), "2026", band=False)
    outputs = {node.name: node.outputs for node in graph.nodes}
    pairs, matched = [], 0
    for node in report.nodes:
        members = (node.name, *node.fused)  # OpenVINO names a graph's last op after its output
        names = [n for m in members for n in (m, *outputs.get(m, ())) if n in layers]
        if names:
            engines = set().union(*(layers[n] for n in names))
            pairs.append((node, engines - {"fused"} or {"fused"}))
            matched += len(names)
    return pairs, matched


def agree(node, engines):
    """An engine in common; a move, a view and a fused-away op are all 'no compute'."""
    if node.engine in MOVES:
        return bool(engines & set(MOVES))
    return bool({e for e in node.busy_us if e != "dma"} & engines)
