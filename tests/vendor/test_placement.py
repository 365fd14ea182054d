"""Each op lands on the engine Intel's own compiler chose; where not, the difference is listed with its reason."""

import gzip
import json
from collections import defaultdict

import pytest

from npusim.onnx_io import load
from tests.shared import SHARED, needs_shared
from tests.vendor.placement import HARDWARE, agree, compare, compare_layers, table

SCHEDULES = SHARED / "reference" / "vendor_schedules"
ENGINE = {"DPU": "mac_array", "Shave": "dsp", "SW": "dsp", "DMA": "dma"}

# (our op, our engine, vendor's engines) -> why they differ. 'fused': the vendor's work goes on under another name.
RENAMED = "the vendor's compiler rewrites the op and its tasks carry another name; ours keeps the file's"
KNOWN = {
    ("Gather", "dma", "dsp"): "the rows go by DMA in both; the vendor's kernel converts the indices",
    ("Mul", "dsp", "mac_array"): "small, channel-last or outer products that 5010 and 4000 run as a scale or a product",
    ("Mul", "mac_array", "dsp"): "a vector times a vector of another axis; on 5010 only channel-last data",
    ("Add", "mac_array", "dsp"): "part of a rotary embedding, one kernel in the vendor's compiler",
    ("Add", "dsp", "mac_array"): "a small operand the vendor first broadcasts by DMA",
    ("Sub", "dsp", "mac_array"): "1 - x, which the vendor runs as a scale of -1 and a bias",
    ("Einsum", "mac_array", "dma"): "the vendor names the transposes of the operands after the Einsum",
    ("Einsum", "mac_array", "dsp"): "no shared batch axis; the vendor leaves it a product and a sum",
    ("Transpose", "mac_array", "dma"): "permutes of tensors with short inner axes",
    ("Transpose", "dma", "mac_array"): "permutes of tensors with short inner axes",
    ("Swish", "dsp", "mac_array"): "on 5010 behind a scale, in its lookup unit",
    ("MatMul", "mac_array", "dma"): "cut in parts by the Split behind it; under its name are the copies by DMA",
    ("Concat", "none", "mac_array"): "halves turned for one token's rotary embedding, a product in the vendor's",
    ("Split", "none", "mac_array"): "the vendor cuts the product in front of the Split in two",
    ("Slice", "none", "mac_array"): "a slice with a step is a strided convolution in the vendor's compiler",
    ("Pow", "dsp", "mac_array"): "a square of channel-last data on 5010",
    ("Clip", "dsp", "mac_array"): "5010 clips from any bound in its drain path",
    ("Resize", "mac_array", "dma"): "nearest on 3720 is copies",
    ("Exp", "dsp", "mac_array"): "on 5010 behind other passes, in its lookup unit",
}  # fmt: skip


def differences(graph, net, platform, tiles):
    pairs, _ = compare(graph, net, platform, tiles)
    return len(pairs), [(n, e) for n, e in pairs if not agree(n, e)]


def unexplained(found):
    return [
        f"{n.name}: {n.op_type} on {n.engine} ({n.lowering}), vendor {'+'.join(sorted(e))}"
        for n, e in found
        if e != {"fused"} and not any((n.op_type, n.engine, x) in KNOWN for x in e)
    ]


def trace_layers(folder):
    """Layer -> engines that did its compute, from a schedule trace."""
    file = next(folder.glob("compileTimeScheduleTrace.json*"))
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    layers = defaultdict(set)
    for event in json.loads(text)["traceEvents"]:
        if event.get("ph") == "X" and event["cat"] in ENGINE and "?t_" in event["name"]:
            name, _, kind = event["name"].partition("?t_")
            if not kind.startswith(("Parameter", "Result")):
                layers[name.removesuffix("/WithoutBiases")].add(ENGINE[event["cat"]])
    return {n: (e - {"dma"}) or {"dma"} for n, e in layers.items()}


@needs_shared
@pytest.mark.parametrize("net", ["cs", "mm"])
@pytest.mark.parametrize("platform,tiles", [("3720", 2), ("4000", 4), ("5010", 3)])
def test_on_the_small_vendor_schedules_every_op_is_on_the_vendors_engine(net, platform, tiles):
    layers = trace_layers(SCHEDULES / f"{net}_{platform}")
    pairs, matched = compare_layers(load(SCHEDULES / f"{net}.onnx"), layers, platform, tiles)
    assert matched >= (4 if net == "cs" else 1)
    assert [f"{n.name}: {n.engine}, vendor {e}" for n, e in pairs if not agree(n, e)] == []


@needs_shared
@pytest.mark.parametrize("net", ["resnet50_ts", "mbv2_ts"])
@pytest.mark.parametrize("platform,tiles", [("3720", "2"), ("4000", "4"), ("4000", "6"), ("5010", "3")])
def test_on_resnet_and_mobilenet_every_op_is_on_the_vendors_engine(net, platform, tiles):
    """By the table of the same compiler's schedules of these very files: the schedules that lie beside the project
    are of another export, whose layers have other names."""
    pairs, matched = compare(load(SHARED / "graphs" / "large" / f"{net}.onnx"), net, platform, tiles)
    assert matched > 30
    assert [f"{n.name}: {n.engine}, vendor {e}" for n, e in pairs if not agree(n, e)] == []


@needs_shared
@pytest.mark.parametrize("folder", ["resnet50_3720", "mbv2_4000_4tiles", "mbv2_4000_6tiles", "mbv2_5010"])
def test_the_other_export_of_these_nets_uses_the_same_engines_by_kind_of_op(folder):
    """Kinds of op of the schedule beside the project against kinds of ours: all compute is on the MAC array."""
    engines = set().union(*trace_layers(SCHEDULES / folder).values()) - {"dma"}
    assert engines == {"mac_array"}


@needs_shared
@pytest.mark.parametrize("platform", sorted(HARDWARE))
def test_on_real_networks_ninety_four_of_a_hundred_ops_agree_and_the_rest_have_a_reason(platform):
    total = wrong = 0
    for net, plat, tiles in sorted(table()):
        path = next(
            (p for f in ("large", "small") if (p := SHARED / "graphs" / f / f"{net}.onnx").is_file()), None
        )
        if plat != platform or path is None:
            continue
        count, found = differences(load(path, {"batch": 1} if net.endswith("b") else None), net, plat, tiles)
        assert unexplained(found) == [], net
        total += count
        wrong += sum(e != {"fused"} for _, e in found)
    assert total > 800 and wrong / total < 0.06


@pytest.mark.slow
@pytest.mark.parametrize("platform", sorted(HARDWARE))
def test_single_ops_agree_or_the_difference_has_a_reason(platform):
    from tests.data.vendor_micro import build
    from tests.graphs import loaded

    total = wrong = 0
    for net, plat, tiles in sorted(table()):
        if plat != platform or not net.startswith("micro/"):
            continue
        try:
            graph = loaded(build(net.removeprefix("micro/")))
        except KeyError:
            continue  # made by hand, not by name
        count, found = differences(graph, net, plat, tiles)
        assert unexplained(found) == [], net
        total += count
        wrong += sum(e != {"fused"} for _, e in found)
    assert total > 300 and wrong / total < 0.06
