"""A network on two machines: the ends are the whole, halves give the whole's answer, chunks fit their bound."""

import itertools
import json
import math
import os

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument
from npusim.whatif.parse import parse
from npusim.whatif.run import saved, saved_as
from tests.shared import SHARED, needs_shared
from tests.whatif.networks import Network, answers, networks

pytest.importorskip("onnxruntime")
RESNET = SHARED / "graphs" / "large" / "resnet50_ts.onnx"


@pytest.fixture(scope="module")
def graph():
    net = Network(3, 0)
    for kind in ("plain", "residual", "concat", "plain"):
        net.block(kind, 8)
    return npusim.load(net.model())


def asked(graph, text, **options):
    report = npusim.suppose(graph, text, band=False, **options)
    return report, report.what_ifs[0]


@settings(max_examples=15)
@given(st.floats(0.1, 100), st.floats(0, 1000))
def test_a_split_at_the_ends_is_the_whole(graph, bandwidth, latency):
    report, found = asked(graph, f"split:on=meteor_lake,bandwidth={bandwidth},latency={latency}")
    there = npusim.simulate(graph, "meteor_lake", band=False).latency_us
    first, last = found.tables["cuts"][0], found.tables["cuts"][-1]
    assert last["total_us"] == last["head_us"] == report.latency_us
    assert first["tail_us"] == pytest.approx(there, rel=1e-12) and first["head_us"] == 0
    assert first["link_us"] == pytest.approx(latency + graph.values["image"].npu_bytes / bandwidth / 1e3)
    assert (
        found.numbers["best_us"] == min(row["total_us"] for row in found.tables["cuts"]) <= report.latency_us
    )


def test_heads_grow_and_tails_shrink_along_the_network(graph):
    rows = asked(graph, "split:on=panther_lake")[1].tables["cuts"]
    for one, other in itertools.pairwise(rows):
        assert one["head_us"] <= other["head_us"] * (1 + 1e-9)
    wholes = npusim.simulate(graph, band=False).latency_us
    assert all(0 <= row["head_us"] <= wholes for row in rows)


def test_by_hand_the_link(graph):
    """Behind the first ReLU lie 8 x 8 x 8 fp16 values, 1,024 bytes: at 0.5 GB/s 2.048 us, 7 us for the message, and a
    DMA out of the scratchpad and into the other one."""
    from npusim.arch.dma import dma_ns

    row = asked(graph, "split:at=relu1,bandwidth=0.5,latency=7")[1].tables["cuts"][0]
    hw = npusim.hardware("lunar_lake")
    dma = float(dma_ns(1024, hw, "scratchpad", "ddr") + dma_ns(1024, hw, "ddr", "scratchpad"))
    assert row["bytes"] == 1024 and row["link_us"] == pytest.approx(7 + 2.048 + dma / 1e3)


def test_by_hand_a_processor(graph, tmp_path):
    """All on a processor: every node the longer of its products and its bytes, and an overhead."""
    file = tmp_path / "cpu.json"
    file.write_text(json.dumps({"name": "mine", "gmac_per_s": 1e-3, "gb_per_s": 1e6, "overhead_us": 0}))
    row = asked(graph, f"split:on={file}")[1].tables["cuts"][0]
    macs = npusim.simulate(graph, band=False).macs
    assert row["tail_us"] == pytest.approx(macs / 1e-3 / 1e3, rel=0.01)  # pooling counts nothing here


def test_chunks_fit_their_bound(graph):
    found = asked(graph, "split:memory=2KiB")[1]
    assert found.tables["chunks"]
    for row in found.tables["chunks"]:
        assert row["bytes_each"] <= 2048 < row["bytes"]
        assert row["chunks"] == math.ceil(row["chunks"])
    assert "need more than" in " ".join(found.lines)


@settings(max_examples=12)
@given(networks(), st.data())
def test_halves_in_sequence_give_the_wholes_answer(model, data):
    nodes = [n.name for n in npusim.load(model).nodes][:-1]
    both = parse(f"split:at={data.draw(st.sampled_from(nodes))}").rewritten_parts(model)
    for half in both.values():
        onnx.checker.check_model(half)
    image = {"image": np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype(np.float32)}
    between = answers(both["head"], image)
    assert np.array_equal(answers(both["tail"], image | between)["scores"], answers(model, image)["scores"])


@needs_shared
@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("small/resnet_ts", "*stages.0/layers.0/activation/Relu"),
        ("small/llama_dy", "node_Add_2*"),
        ("small/bertpool_ts", "*layer.0/output/LayerNorm/LayerNormalization"),
        ("llm/small/llamatiny_dec_kv16_dy", "node_add_1*"),
    ],
)
def test_halves_of_real_networks(name, at):
    path = SHARED / "graphs" / f"{name}.onnx"
    model, data = onnx.load(path), np.load(os.path.splitext(path)[0] + ".npz")
    graph = npusim.load(model)
    if not any(n.name.startswith(at.strip("*")) or at[0] == "*" for n in graph.nodes):
        at = graph.nodes[len(graph.nodes) // 2].name
    both = parse(f"split:at={at}").rewritten_parts(model)
    feeds = {n: data[f"in_{n}"] for n in graph.inputs}
    first = answers(both["head"], feeds)
    second = answers(both["tail"], feeds | first)
    found, expected = first | second, answers(model, feeds)
    for one in graph.outputs:
        assert np.allclose(found[one], expected[one], rtol=1e-5, atol=1e-5), one


def test_compare_says_the_answer_beside_the_latency_of_one_run(graph):
    from npusim.comparison.page import page

    before = npusim.simulate(graph, "meteor_lake")
    after = npusim.suppose(graph, "split:on=panther_lake,bandwidth=1000,latency=0", "meteor_lake")
    answer = after.what_ifs[0].numbers["answer_us"]
    assert answer == after.what_ifs[0].numbers["best_us"] < before.latency_us
    shown = "\n".join(line.text for line in page(npusim.compare(before, after)))
    assert f"{before.latency_us / answer:.2f}x faster than before" in shown


def test_save_writes_both_halves(tmp_path):
    net = Network(3, 0)
    net.block("plain", 8)
    onnx.save(net.model(), tmp_path / "m.onnx")
    what = (parse("prune:channels=0.5"), parse("split:at=relu1"))
    names = saved_as(str(tmp_path / "out.onnx"), what)
    assert {os.path.basename(p) for p in names.values()} == {"out.head.onnx", "out.tail.onnx"}
    made = saved(str(tmp_path / "m.onnx"), what)
    assert made.keys() == names.keys()
    head = npusim.load(onnx.load_from_string(made["--save head"]))
    assert head.values[head.outputs[0]].shape == (1, 4, 8, 8)
    with pytest.raises(BadArgument, match="halves are saved of one cut; say at=NODE"):
        saved(str(tmp_path / "m.onnx"), (parse("split"),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("split:at=conv99", "no node of 'network' is called 'conv99'; did you mean conv"),
        ("split:on=luna_lake", "no hardware named 'luna_lake'.*did you mean lunar_lake"),
        ("split:on=none.json", "'none.json' cannot be read"),
        ("split:bandwidth=0", "bandwidth is 0; it must be greater than 0"),
        ("split:memory=big", "memory 'big' is no size"),
    ],
)
def test_what_is_wrong_is_a_sentence(graph, text, said):
    with pytest.raises(npusim.NpusimError, match=said):
        npusim.suppose(graph, text)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"gmac_per_s": 1}, "gb_per_s is None; it must be a number, greater than 0"),
        ({"gmac_per_s": -1, "gb_per_s": 1}, "gmac_per_s is -1"),
        (
            {"gmac_per_s": 1, "gb_per_s": 1, "gmacs": 3},
            "has 'gmacs', and a processor has .* did you mean gmac_per_s",
        ),
        ([1], "is no JSON object"),
    ],
)
def test_a_processor_that_is_none_is_a_sentence(graph, tmp_path, given_, said):
    file = tmp_path / "cpu.json"
    file.write_text(json.dumps(given_))
    with pytest.raises(BadArgument, match=said):
        npusim.suppose(graph, f"split:on={file}")


@needs_shared
def test_resnet_50_on_two_npus():
    graph = npusim.load(RESNET)
    report, found = asked(graph, "split:on=panther_lake,bandwidth=1000,latency=0,memory=1MiB")
    there = npusim.simulate(graph, "panther_lake", band=False).latency_us
    assert len(found.tables["cuts"]) > 15
    assert found.numbers["all_there_us"] == pytest.approx(there, rel=1e-3)
    assert found.numbers["all_here_us"] == report.latency_us
    assert found.numbers["best_us"] <= min(there * 1.001, report.latency_us)


def test_the_page_of_a_browser_shows_the_curve_and_no_tags_of_a_name(graph, tmp_path):
    from npusim.report.html import to_html

    file = tmp_path / "cpu.json"
    file.write_text(json.dumps({"name": "<b>mine</b>", "gmac_per_s": 1, "gb_per_s": 1}))
    shown = to_html(npusim.suppose(graph, f"split:on={file},memory=2KiB"))
    assert "What several runs found" in shown and "split: cuts" in shown and "split: chunks" in shown
    assert "&lt;b&gt;mine" in shown and "<b>mine" not in shown
    assert "What several runs found" not in to_html(npusim.simulate(graph))
