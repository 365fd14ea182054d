"""Pruned graphs: what meets what is taken out gets narrower with it, and the answer is that of zeros in its place."""

import os
import re

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument
from npusim.whatif.axes.couple import coupled
from npusim.whatif.axes.groups import groups
from npusim.whatif.axes.narrow import Narrowing, narrowed
from npusim.whatif.axes.onnx_file import narrowed_model
from npusim.whatif.axes.terms import CONCAT, PRODUCT
from npusim.whatif.parse import parse
from tests.shared import SHARED, needs_shared
from tests.whatif.networks import Network, answers, networks, without

pytest.importorskip("onnxruntime")


def zeros_of(graph, narrowing):
    """Of every weight that reads what is pruned: the axis and what stays of it."""
    c, found = narrowing.coupling, {}
    for p in c.projections:
        rows = c.terms.kept(p.read, narrowing.kept)
        if len(rows) < c.terms.size(p.read):
            shape = graph.values[p.weight].shape
            axes = c.at(p.node, p.weight)
            axis = next(k for k, a in enumerate(axes) if c.terms.find(a) == c.terms.find(p.read))
            assert shape[axis] == c.terms.size(p.read)
            found[p.weight] = axis, rows
    for node in graph.nodes:
        if node.op_type == "Conv" and node.attribute("group", 1) > 1:
            lanes = c.terms.kept(c.at(node, node.inputs[1])[1], narrowing.kept)
            found[node.inputs[1]] = 1, lanes
    return found


def pruned(model, share, kinds=("heads", "ffn", "channels")):
    graph = npusim.load(model)
    c = coupled(graph)
    kept = {
        g.atom: np.sort(np.random.default_rng(g.atom).permutation(g.size)[: g.size - int(g.size * share)])
        for g in groups(c)
        if g.kind in kinds and not g.fixed
    }
    return graph, Narrowing.keeping(c, kept)


@settings(max_examples=20)
@given(networks(), st.sampled_from([0.25, 0.5]))
def test_a_pruned_network_answers_as_one_with_zeros_in_place_of_what_went(model, share):
    graph, narrowing = pruned(model, share)
    smaller = narrowed_model(model, narrowing)
    onnx.checker.check_model(smaller, full_check=True)
    image = np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype(np.float32)
    # what a weight reads from a pruned channel is nothing, so the rows of readers are zero in the whole network
    whole = without(model, zeros_of(graph, narrowing))
    expected, found = (answers(m, {"image": image})["scores"] for m in (whole, smaller))
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-4)


@settings(max_examples=20)
@given(networks(), st.sampled_from([0.25, 0.5]))
def test_the_graph_and_the_file_get_the_same_shapes(model, share):
    _, narrowing = pruned(model, share)
    promised, loaded = narrowed(narrowing), npusim.load(narrowed_model(model, narrowing))
    assert [n.op_type for n in promised.nodes] == [n.op_type for n in loaded.nodes]
    for one, other in zip(promised.nodes, loaded.nodes, strict=True):
        for a, b in zip((*one.inputs, *one.outputs), (*other.inputs, *other.outputs), strict=True):
            assert promised.values[a].shape == loaded.values[b].shape, (one, a)
    assert npusim.simulate(promised, band=False).latency_us == npusim.simulate(loaded, band=False).latency_us


@settings(max_examples=8)
@given(networks())
def test_nothing_taken_out_changes_nothing_to_the_byte(model):
    graph, narrowing = pruned(model, 0.0)
    assert narrowed(narrowing) is graph and narrowed_model(model, narrowing) is model
    assert parse("prune:channels=0").apply(graph, None)[0] is graph
    assert parse("prune:channels=0").rewritten(model) is model


@settings(max_examples=10)
@given(
    st.lists(st.sampled_from(["plain", "residual", "depthwise"]), max_size=2),
    st.integers(0, 2),
    st.integers(1, 3),
)
def test_fewer_channels_are_never_slower(kinds, low, more):
    """In whole multiples of 16, as the array takes them; other counts are padded, and split unevenly over tiles. One
    thing breaks it by less than a microsecond a layer: weights that fit into one chunk are fetched when the layer
    before has ended, those in two begin a layer earlier."""
    wide = Network(16, 0)
    for kind in ("plain", *kinds):
        wide.block(kind, 64)
    graph = npusim.load(wide.model())
    less, least = (
        npusim.simulate(parse(f"prune:channels={k / 4}").apply(graph, None)[0], band=False)
        for k in (low, min(3, low + more))
    )
    assert least.engines["mac_array"] <= less.engines["mac_array"] * (1 + 1e-9)
    assert least.engines["dma"] <= less.engines["dma"] * (1 + 1e-9)
    assert least.latency_us <= less.latency_us + 1.0 * len(graph.nodes)


def test_by_hand_a_residual_a_concatenation_and_groups():
    """8 channels of the stem meet a residual (so 8 of its last convolution), then 4 more beside them: 12, a depthwise
    convolution in 12 groups, and a head that reads 12. A quarter of each: 6 of 8, 3 of 4, 9 of 12."""
    net = Network(3, 1)
    net.block("plain", 8)
    net.block("residual", 4)
    net.block("concat", 4)
    net.block("depthwise", 0)
    model = parse("prune:channels=0.25").rewritten(net.model())
    shapes = {
        n.op_type + str(k): [list(dims(model, w)) for w in n.input[1:]]
        for k, n in enumerate(model.graph.node)
    }
    assert shapes["Conv0"] == [[6, 3, 3, 3], [6]]
    assert shapes["Conv2"] == [[3, 6, 1, 1], [3]]
    assert shapes["Conv4"] == [[6, 3, 3, 3], [6]]
    assert shapes["Conv6"] == [[3, 6, 1, 1], [3]]
    assert shapes["Conv8"] == [[9, 1, 3, 3], [9]]
    assert [a.i for a in model.graph.node[8].attribute if a.name == "group"] == [9]
    assert list(dims(model, model.graph.node[-1].input[1])) == [9, 5]


def dims(model, name):
    return next((t.dims for t in model.graph.initializer if t.name == name), ())


REAL = [
    ("small/bertpool_ts", "heads=0.5"),
    ("small/bertpool_ts", "ffn=0.3"),
    ("small/llama_dy", "heads=0.5"),
    ("small/llama_dy", "ffn=0.25"),
    ("small/vit_dy", "heads=0.5"),
    ("llm/small/llamatiny_dec_kv16_dy", "heads=0.5"),
    ("llm/small/llamatiny_dec_kv16_dy23", "heads=0.5"),
    ("llm/small/llamatiny_dec_kv16_dy", "ffn=0.4"),
]


@needs_shared
@pytest.mark.parametrize(("name", "what"), REAL)
def test_real_networks_answer_as_with_zeros_in_place_of_what_went(name, what):
    path = SHARED / "graphs" / f"{name}.onnx"
    model, data = onnx.load(path), np.load(os.path.splitext(path)[0] + ".npz")
    graph = npusim.load(model)
    one = parse(f"prune:{what}")
    narrowing, _ = one.narrowing(graph)
    smaller = one.rewritten(model)
    promised = narrowed(narrowing)
    feeds = {n: data[f"in_{n}"] for n in graph.inputs}
    whole = answers(without(model, zeros_of(graph, narrowing)), feeds)
    cut = {n: x[tuple(slice(0, d) for d in promised.values[n].shape)] for n, x in feeds.items()}
    for n, found in answers(smaller, cut).items():
        assert found.shape == promised.values[n].shape
        if found.shape == whole[n].shape:
            assert np.allclose(found, whole[n], rtol=1e-3, atol=1e-4), n


LARGE = {
    "large/resnet50_ts": "channels=0.3",
    "large/bert_base_L128_ts": "heads=0.25,ffn=0.5,layers=6-11",
    "large/bert_qdq": "heads=0.25",
    "large/mamba2_130m_tf5_L256_dy": "heads=0.25",
    "large/mamba2_130m_tf5_dec_dy": "heads=0.25,channels=0.25",
    "llm/large/llama32_1b_dec_kv1024_fp16_dy": "heads=0.25,ffn=0.5",
    "llm/large/llama32_1b_dec_kv1024_int4_mmnb": "heads=0.5,ffn=0.5",
    "llm/large/llama32_1b_dec_kv1024_int4_dq4": "heads=0.5,ffn=0.5",
}


@needs_shared
@pytest.mark.parametrize("name", LARGE)
def test_large_networks_load_again_with_the_shapes_promised(name):
    """Weights are not there; the file of shapes is loaded again, every tensor as the graph has it, and it is faster."""
    path = SHARED / "graphs" / f"{name}.onnx"
    model = onnx.load(path, load_external_data=False)
    one, graph = parse(f"prune:{LARGE[name]}"), npusim.load(path)
    promised, loaded = one.apply(graph, None)[0], npusim.load(one.rewritten(model))
    outputs = {o for node in loaded.nodes for o in node.outputs}
    assert {n: promised.values[n].shape for n in outputs} == {n: loaded.values[n].shape for n in outputs}
    before, after = (npusim.simulate(g, band=False) for g in (graph, promised))
    assert after.latency_us < before.latency_us


def test_a_pattern_file_says_what_of_which_node_stays(tmp_path):
    net = Network(3, 1)
    net.block("plain", 8)
    net.block("plain", 8)
    whole = net.model()
    file = tmp_path / "pattern.yaml"
    file.write_text("conv0: {keep: [0, 2, 5]}\nconv2: 0.5\n")
    model = parse(f"prune:pattern={file}").rewritten(whole)
    assert list(dims(model, model.graph.node[0].input[1])) == [3, 3, 3, 3]
    assert list(dims(model, model.graph.node[2].input[1])) == [4, 3, 3, 3]
    kept = onnx.numpy_helper.to_array(
        next(t for t in model.graph.initializer if t.name == model.graph.node[0].input[1])
    )
    assert np.array_equal(kept, onnx.numpy_helper.to_array(net.weights[0])[[0, 2, 5]])
    for text, said in [
        ("conv9: 0.5", "no node that writes channels is called 'conv9'; did you mean conv"),
        ("head: 0.5", "cannot be pruned: it is an axis of the graph's output 'scores'"),
        ("conv0: 1.5", "'1.5' for 'conv0' is neither a share"),
        ("conv0: {keep: [8]}", "keep holds 8, and the 8 channels of 'conv0' are 0 to 7"),
        ("- 1", "is no mapping"),
        ("a: [", "cannot be read"),
    ]:
        file.write_text(text)
        with pytest.raises(BadArgument, match=re.escape(said).replace("\\?", ".")):
            parse(f"prune:pattern={file}").apply(npusim.load(whole), None)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("heads=0.5", "no attention heads are in this graph; it has 1 layers with channels"),
        (
            "channels=0.01",
            "channels=0.01 takes nothing out: the largest group has 8 and 8 x 0.01 is less than one",
        ),
        ("channels=0.5,layers=7-9", "layers 7-9 are asked for, and channels are in layers 0 to 1"),
        ("channels=0.5,layers=1-0", "layers '1-0' end before they begin; write 0-1"),
        ("channels=0.5,layers=a", "layers 'a' is no list of numbers"),
    ],
)
def test_what_cannot_be_pruned_is_a_sentence(what, said):
    net = Network(3, 1)
    net.block("plain", 8)
    with pytest.raises(BadArgument, match=re.escape(said)):
        parse(f"prune:{what}").apply(npusim.load(net.model()), None)


def test_an_axis_of_the_output_is_kept_unless_edges_may_change():
    net = Network(3, 1)
    net.block("plain", 8)
    model = net.model()
    del model.graph.node[-3:]
    model.graph.output[0].name = net.x
    model.graph.output[0].type.tensor_type.shape.ClearField("dim")
    graph = npusim.load(model)
    with pytest.raises(BadArgument, match="it is an axis of the graph's output 'relu1'; edges=change"):
        parse("prune:channels=0.5").apply(graph, None)
    after, _ = parse("prune:channels=0.5,edges=change").apply(graph, None)
    assert after.values["relu1"].shape == (1, 4, 8, 8)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=12))
def test_lengths_and_kept_indices_of_terms_agree(steps):
    """Whatever is tied to whatever, an axis that stays as long as its kept indices say, and the same on both sides."""
    net = coupled(npusim.load(Network(3, 0).model()))
    terms = net.terms
    made = [terms.atom(n) for n in (12, 12, 4, 3, 6, 2)]
    for a, b, how in steps:
        x, y = made[a], made[b]
        if how == 0:
            made.append(terms.product((x, y)))
        elif how == 1:
            made.append(terms.concat((x, y)))
        elif terms.size(x) == terms.size(y):
            terms.unify(x, y, "a test")
            assert np.array_equal(*(terms.kept(t, keep(terms)) for t in (x, y)))
    for term in made:
        assert len(terms.kept(term, keep(terms))) == terms.resized(
            term, {r: len(k) for r, k in keep(terms).items()}
        )
        for kind in (PRODUCT, CONCAT):
            sizes = [terms.size(t) for t in terms.flat(term, kind)]
            assert terms.size(term) == (np.prod(sizes) if kind == PRODUCT else sum(sizes))


def keep(terms):
    """Every other index of every atom."""
    roots = {terms.find(t) for t in range(len(terms.parent))} - set(terms.forms)
    return {r: np.arange(0, terms.sizes[r], 2) for r in roots if terms.sizes[r]}


def test_a_dequantised_constant_that_layers_share_ties_nothing(tmp_path):
    """One DequantizeLinear makes the biases of both convolutions; only one of them is pruned."""
    net = Network(3, 1)
    net.block("plain", 8)
    net.block("plain", 8)
    model = net.model()
    bias = np.arange(8, dtype=np.int32)
    for name, data in (("bias", bias), ("scale", np.float32(0.1))):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(data), name))
    model.graph.node.insert(0, onnx.helper.make_node("DequantizeLinear", ["bias", "scale"], ["b"], "dq"))
    first, second = (node for node in model.graph.node if node.op_type == "Conv")
    first.input[2] = second.input[2] = "b"
    file = tmp_path / "pattern.yaml"
    file.write_text(f"{first.name}: 0.5\n")
    one, graph = parse(f"prune:pattern={file}"), npusim.load(model)
    smaller = one.rewritten(model)
    onnx.checker.check_model(smaller, full_check=True)
    image = {"image": np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype(np.float32)}
    whole = without(model, zeros_of(graph, one.narrowing(graph)[0]))
    assert np.allclose(
        answers(smaller, image)["scores"], answers(whole, image)["scores"], rtol=1e-4, atol=1e-5
    )
    assert npusim.load(smaller).values["scores"].shape == (1, 5)
    assert parse("prune:channels=0").apply(graph, None)[0] is graph


def test_counts_the_array_has_to_pad_are_told():
    net = Network(16, 0)
    net.block("plain", 64)
    graph = npusim.load(net.model())
    told = [
        npusim.suppose(graph, f"prune:channels={how}", band=False).what_ifs[0].sentence
        for how in ("0.3,multiple=1", "0.3", "0.25")
    ]
    assert "1 layer keeps no multiple of 16: multiple=16 may be faster" in told[0]
    assert not any("multiple" in one for one in told[1:])
