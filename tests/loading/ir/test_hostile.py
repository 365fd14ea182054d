"""Files that are no good, or mean harm: one sentence, never another exception, little memory, little time."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusim
from npusim.errors import BadModel, NpusimError, TooLarge, UnknownOp
from npusim.loading.ir import reader
from tests.loading.ir.make import (
    chain,
    constant,
    edge,
    layer,
    net,
    parameter,
    port,
    result,
    save,
    unary,
)

GOOD = chain("ReLU", "Exp")
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE net [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{i} "{("&a" + (str(i - 1) if i else "") + ";") * 10}">' for i in range(12))
    + ']><net name="&a11;" version="11"><layers/></net>'
)
OUTSIDE = '<!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/hostname">]><net name="&x;" version="11"/>'
INTO = f"<input>{port(0, (2, 3))}{port(1, (1,), 'I64')}</input><output>{port(2, (2, 3), names='y')}</output>"


def with_axis(constant_layer: str) -> str:
    """A softmax-like reduction whose axis is a constant."""
    layers = [
        parameter(0),
        constant_layer,
        layer(2, "ReduceSum", "sum", INTO, 'keep_dims="false"'),
        result(3),
    ]
    return net(layers, [edge(0, 0, 2, 0), edge(1, 0, 2, 1), edge(2, 2, 3, 0)])


def test_a_good_one_is_read(tmp_path):
    graph = npusim.load(save(tmp_path, GOOD))
    assert [n.op_type for n in graph.nodes] == ["Relu", "Exp"]
    assert npusim.simulate(graph).latency_us > 0


BAD = {
    "empty": ("", "no XML or is cut off"),
    "no xml": ("hello", "no XML or is cut off"),
    "truncated": (GOOD[: len(GOOD) // 2], "no XML or is cut off"),
    "two documents": (GOOD + GOOD.partition("?>")[2], "no XML or is cut off"),
    "html": ("<html><body/></html>", "starts with <html>"),
    "entities": (LAUGHS, "document type"),
    "external entity": (OUTSIDE, "document type"),
    "old version": (chain("ReLU").replace('version="11"', 'version="7"'), "version is 7"),
    "no version": (chain("ReLU").replace(' version="11"', ""), "version is 0"),
    "huge number": (chain("ReLU").replace('version="11"', f'version="{"9" * 5000}"'), "is no version"),
    "duplicate ids": (net([parameter(0), parameter(0, name="y")], []), "two layers have the id 0"),
    "duplicate ports": (
        net([layer(0, "Parameter", "x", f"<output>{port(0, ())}{port(0, ())}</output>")], []),
        "two ports of id 0",
    ),
    "missing edge": (
        net([parameter(0), unary(1, "ReLU", "r"), result(2)], [edge(1, 1, 2, 0)]),
        "no edge leads",
    ),
    "edge from nowhere": (net([parameter(0), result(1)], [edge(7, 0, 1, 0)]), "layer 7, which is no output"),
    "edge from no port": (net([parameter(0), result(1)], [edge(0, 9, 1, 0)]), "port 9 of layer 0"),
    "edge to nowhere": (net([parameter(0), result(1)], [edge(0, 0, 9, 0)]), "layer 9, which is not there"),
    "two edges": (
        net([parameter(0), parameter(1, name="y"), result(2)], [edge(0, 0, 2, 0), edge(1, 0, 2, 0)]),
        "two edges lead",
    ),
    "missing port": (
        net([parameter(0), layer(1, "ReLU", "r"), result(2)], [edge(0, 0, 1, 0)]),
        "input 0 is missing",
    ),
    "cycle": (
        net(
            [unary(0, "ReLU", "a"), unary(1, "Exp", "b"), result(2)],
            [edge(0, 1, 1, 0), edge(1, 1, 0, 0), edge(1, 1, 2, 0)],
        ),
        "cycle",
    ),
    "no outputs": (net([parameter(0)], []), "no outputs"),
    "unknown type": (
        net(
            [
                layer(
                    0, "Parameter", "x", f"<output>{port(0, (2,))}</output>", 'shape="2" element_type="q7"'
                ),
                result(1),
            ],
            [edge(0, 0, 1, 0)],
        ),
        "element type 'q7'",
    ),
    "no element type": (GOOD.replace('element_type="f32"', ""), "element type ''"),
    "no size": (GOOD.replace("<dim>2</dim>", "<dim>two</dim>"), "'two' is no size"),
    "negative stride": (GOOD.replace('type="Exp"', 'type="AvgPool"'), "AvgPool|n1"),
    "no attribute": (GOOD.replace('type="Exp"', 'type="Elu"'), "'alpha' is missing"),
    "layer in a layer": (GOOD.replace("</layer>", "<layer/></layer>", 1), "layer stands inside a layer"),
    "no body": (GOOD.replace('type="Exp"', 'type="TensorIterator"'), "has no body"),
    "constant of no place": (
        with_axis(
            layer(1, "Const", "c", f"<output>{port(0, (1,), 'I64')}</output>", 'element_type="i64" shape="1"')
        ),
        "where its data lie",
    ),
    "constant of another size": (with_axis(constant(1, 0, 9)), "takes 8 bytes, the file says 9"),
    "negative offset": (with_axis(constant(1, -8, 8)), "negative"),
    "offset past the end": (with_axis(constant(1, 8, 8)), "ends at byte 16, and 'm.bin' has 8"),
    "huge offset": (with_axis(constant(1, 2**62, 8)), "ends at byte"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_in_a_sentence(name, tmp_path):
    text, sentence = BAD[name]
    with pytest.raises(BadModel, match=sentence) as error:
        npusim.load(save(tmp_path, text, weights=bytes(8)))
    assert "m.xml" in str(error.value) and len(str(error.value)) < 400


def test_an_axis_without_the_bin_asks_for_the_bin(tmp_path):
    with pytest.raises(BadModel, match=r"lies in 'm\.bin', which is not there; put the \.bin"):
        npusim.load(save(tmp_path, with_axis(constant(1, 0, 8))))


def test_weights_do_not_need_the_bin(tmp_path):
    both = f"<input>{port(0, (2, 3))}{port(1, (3, 4))}</input><output>{port(2, (2, 4), names='y')}</output>"
    layers = [
        parameter(0),
        constant(1, 0, 48, "3,4", "f32", "w"),
        layer(2, "MatMul", "m", both),
        result(3, (2, 4)),
    ]
    path = save(tmp_path, net(layers, [edge(0, 0, 2, 0), edge(1, 0, 2, 1), edge(2, 2, 3, 0)]))
    without = npusim.simulate(path)
    save(tmp_path, path.read_bytes(), weights=np.ones(12, np.float32).tobytes())
    assert npusim.simulate(path).latency_us == without.latency_us and without.macs == 24


def test_huge_shapes_are_refused_before_anything_is_made_of_them(tmp_path):
    sizes = ",".join(["1000000000"] * 8)
    text = chain("ReLU").replace('shape="2,3"', f'shape="{sizes}"')
    with pytest.raises(TooLarge, match="elements"):
        npusim.load(save(tmp_path, text))


def test_depth_and_counts_have_bounds(tmp_path, monkeypatch):
    deep = '<?xml version="1.0"?><net version="11">' + "<a>" * 100_000
    with pytest.raises(TooLarge, match="nests its tags more than 256 deep"):
        npusim.load(save(tmp_path, deep))
    monkeypatch.setattr(reader, "MOST_RECORDS", 10)
    with pytest.raises(TooLarge, match="more than 10 layers"):
        npusim.load(save(tmp_path, GOOD))
    monkeypatch.setattr(reader, "MOST_BYTES", 100)
    with pytest.raises(TooLarge, match="read up to 100"):
        npusim.load(save(tmp_path, GOOD))


def test_a_body_of_bodies_ends_in_a_sentence(tmp_path):
    inside = ""
    for _ in range(80):
        inside = f"<layers><layer id='0' name='l' type='Loop'><body>{inside}</body></layer></layers>"
    with pytest.raises(NpusimError):
        npusim.load(save(tmp_path, f"<net version='11'>{inside}</net>"))


def test_long_attributes_and_comments_take_no_memory(tmp_path):
    noise = "<!--" + "x" * 5_000_000 + "-->" + f"<rt_info><a b='{'y' * 5_000_000}'/></rt_info>"
    path = save(tmp_path, GOOD.replace("<layers>", noise + "<layers>", 1))
    tracemalloc.start()
    npusim.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000
    with pytest.raises(BadModel, match="characters"):
        npusim.load(save(tmp_path, GOOD.replace('name="n0"', f'name="{"n" * 20_000}"')))


def test_an_operation_without_a_price_is_refused_by_name(tmp_path):
    graph = npusim.load(save(tmp_path, chain("ReLU", "GatherTree")))
    with pytest.raises(UnknownOp, match="GatherTree"):
        npusim.simulate(graph)
    assert npusim.simulate(graph, allow_unmodelled=True).latency_us > 0


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_in_a_file_it_is_read_or_refused_in_a_sentence(data, tmp_path_factory):
    """Bytes cut out, doubled, changed: an answer or an NpusimError."""
    text = bytearray(with_axis(constant(1, 0, 8)).encode() if data.draw(st.booleans()) else GOOD.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        end = min(len(text), at + data.draw(st.integers(0, 60)))
        kind = data.draw(st.sampled_from(("cut", "double", "digit", "bytes")))
        if kind == "cut":
            del text[at:end]
        elif kind == "double":
            text[at:at] = text[at:end]
        elif kind == "digit":
            text[at:end] = bytes(c + 1 if 48 <= c < 57 else c for c in text[at:end])
        else:
            text[at:end] = data.draw(st.binary(max_size=10))
        if not text:
            return
    folder = tmp_path_factory.mktemp("fuzz")
    path = save(folder, bytes(text), weights=bytes(8))
    try:
        npusim.load(path)
    except NpusimError as error:
        assert "\n" not in str(error)
