"""Every graph-side question on a convolutional network, a transformer, Mamba-2 and a decode step of Llama: alone, with
another one, and in a sweep."""

from functools import cache

import pytest

import npusim
from tests.shared import SHARED, needs_shared

pytestmark = [needs_shared, pytest.mark.slow]

FILES = {
    "resnet": "large/resnet50_ts",
    "bert": "large/bert_base_L128_ts",
    "mamba2": "large/xamba_mamba2_1layer_T4_dy",
    "llama": "llm/blocks/llama1b1_dec_1024",
}
PRUNED = {
    "resnet": "channels=0.3",
    "bert": "heads=0.25,ffn=0.5",
    "mamba2": "heads=0.25",
    "llama": "heads=0.25,ffn=0.25",
}
SKIPPED = {
    "resnet": "node=*layers.[1-5]/layer/*",
    "bert": "node=*layer.[3-9]/*",
    "mamba2": "node=*",
    "llama": "node=*MatMul*,decision=device",
}
TILES = {"resnet": "1,2", "bert": "64,128", "mamba2": "4,8", "llama": "512,1024"}


@cache
def graph(name):
    return npusim.load(SHARED / "graphs" / f"{FILES[name]}.onnx")


def texts(name, tmp_path):
    lengths = tmp_path / "lengths.txt"
    lengths.write_text(f"1\n{TILES[name].split(',')[0]}\n{TILES[name].split(',')[1]},2\n")
    nodes = [n.name for n in graph(name).nodes]
    skipped = SKIPPED[name]
    if not any(n.startswith("/") for n in nodes):  # names of the other exporter
        skipped = f"after={nodes[len(nodes) // 3]}"
    return {
        "prune": f"prune:{PRUNED[name]}",
        "skip": f"skip:{skipped},probability=0.4",
        "split": "split:on=panther_lake,memory=1MiB",
        "pad": f"pad:lengths={lengths},tiles={TILES[name]}",
    }


@pytest.mark.parametrize("name", FILES)
def test_alone_and_combined(name, tmp_path):
    asked = texts(name, tmp_path)
    whole = npusim.simulate(graph(name), band=False).latency_us
    pruned = npusim.suppose(graph(name), asked["prune"], band=False)
    assert pruned.latency_us < whole
    for row in ("skip", "split", "pad"):
        alone = npusim.suppose(graph(name), asked[row], band=False)
        assert alone.latency_us == whole and alone.what_ifs[0].numbers
    for row, second in (("skip", "prune"), ("split", "prune"), ("pad", "sparsity:weights=0.5")):
        both = npusim.suppose(graph(name), [asked.get(second, second), asked[row]], band=False)
        assert [w.name for w in both.what_ifs] == [second.partition(":")[0], row] and both.what_ifs[1].numbers


@pytest.mark.parametrize("name", FILES)
def test_in_a_sweep(name, tmp_path):
    pytest.importorskip("xarray")
    asked = texts(name, tmp_path)
    found = npusim.sweep(graph(name), "lunar_lake", {"tiles": [2, 4]}, what_ifs=[asked["prune"]])[
        "latency_us"
    ]
    assert float(found[0]) > float(found[1])
    for row in ("skip", "split", "pad"):
        found = npusim.sweep(
            graph(name), "lunar_lake", {"dma.bytes_per_cycle": [16, 64]}, what_ifs=[asked[row]]
        )
        slow, quick = (float(x) for x in found["latency_us"])
        assert slow >= quick > 0  # equal where all goes to the second machine
