"""A cache crosses the edges of the graph in the width it is stored in: as the file asks, or as its states are."""

import shutil

import numpy as np
import pytest

import npusim
from tests.loading.ir.runs import IR, run, with_weights, worst
from tests.shared import needs_shared

ROWS = 1024
STEP = {"batch_size": 1, "sequence_length": 1, "past_sequence_length": ROWS}
CACHE = 2 * 2 * 2 * ROWS * 16  # keys and values, layers, heads, rows, channels


def asking_for(kind, folder):
    source = IR / "small" / "llamatiny_stateful_int4.xml"
    text = source.read_text("utf-8").replace(
        'KV_CACHE_PRECISION value="f16"', f'KV_CACHE_PRECISION value="{kind}"'
    )
    (folder / "m.xml").write_text(text, "utf-8")
    shutil.copyfile(source.with_suffix(".bin"), folder / "m.bin")
    return folder / "m.xml"


@needs_shared
def test_a_cache_of_fewer_bits_is_read_and_written_in_them(tmp_path):
    """By hand: old rows are read, old and new ones written, and values, the half of them, written turned and read
    back, at one byte an element in place of two; only scales and the rounding of new rows come on top."""
    moved, types = {}, {}
    for kind in ("f32", "f16", "u8", "i8", "u4"):
        graph = npusim.load(asking_for(kind, tmp_path), STEP)
        inputs = [graph.values[n] for n in graph.inputs if "past" in n]
        outputs = [graph.values[n] for n in graph.outputs if "present" in n]
        assert len(inputs) == len(outputs) == 4
        assert {v.shape for v in inputs} == {(1, 2, ROWS, 16)} and {v.shape for v in outputs} == {
            (1, 2, ROWS + 1, 16)
        }
        types[kind] = {v.dtype for v in (*inputs, *outputs)}
        moved[kind] = npusim.simulate(graph, "lunar_lake", band=False).bytes_moved
    assert all(len(found) == 1 for found in types.values())
    assert moved["f16"] - moved["u8"] == pytest.approx(3 * CACHE, rel=0.05) and moved["u8"] == moved["i8"]
    assert moved["u8"] - moved["u4"] == pytest.approx(1.5 * CACHE, rel=0.05)


@needs_shared
def test_what_comes_out_is_near_the_wide_cache(tmp_path):
    """Through onnxruntime: rounded keys and values, the same answer within their rounding (the scale is made up)."""
    known = np.load(IR / "small" / "llamatiny_stateful_int4.npz")
    feeds = {k.removeprefix("in1_"): v for k, v in known.items() if k.startswith("in1_")}
    found = {}
    for kind, dtype in (("f16", np.float16), ("i8", np.int8)):
        model = with_weights(asking_for(kind, tmp_path))
        empty = {i.name: np.zeros((1, 2, 0, 16), dtype) for i in model.graph.input if "past" in i.name}
        found[kind] = run(model, {**feeds, **empty})
    keys = [n for n in found["i8"] if "present" in n]
    assert len(keys) == 4 and all(found["i8"][n].dtype == np.int8 for n in keys)
    assert worst(found["i8"]["logits"], found["f16"]["logits"]) < 0.5


def test_states_of_eight_bits_stay_so(tmp_path):
    """A cache that is rounded by the file itself, with a scale a row: int8 in and out, scales as they are."""
    ov = pytest.importorskip("openvino")
    from openvino import opset6
    from openvino import opset13 as op

    x = op.parameter([1, 4, 1, 16], np.float32)
    x.set_friendly_name("input_ids")
    x.output(0).set_names({"input_ids"})

    def state(name, kind, dtype, channels):
        shape = [1, 4, 32, channels]
        return opset6.read_value(op.constant(np.zeros(shape, dtype)), name, kind, ov.PartialShape(shape))

    rows, scales = state("rows", ov.Type.i8, np.int8, 16), state("scales", ov.Type.f16, np.float16, 1)
    scale = op.divide(op.reduce_max(op.abs(x), op.constant([3]), True), op.constant(np.float32(127)))
    new = op.convert(op.round(op.divide(x, scale), "half_to_even"), "i8")
    all_rows, all_scales = op.concat([rows, new], 2), op.concat([scales, op.convert(scale, "f16")], 2)
    cut = [op.constant([n]) for n in (1, 33, 1, 2)]
    sinks = [opset6.assign(op.slice(t, *cut), n) for t, n in ((all_rows, "rows"), (all_scales, "scales"))]
    wide = op.multiply(op.convert(all_rows, "f32"), op.convert(all_scales, "f32"))
    y = op.matmul(x, wide, False, True)
    ov.save_model(ov.Model([op.result(y)], sinks, [x], "m"), tmp_path / "m.xml")
    graph = npusim.load(tmp_path / "m.xml")
    found = {n: graph.values[n].dtype.name for n in (*graph.inputs, *graph.outputs)}
    assert [found[n] for n in ("rows", "rows/written", "scales", "scales/written")] == [
        "INT8", "INT8", "FLOAT16", "FLOAT16",
    ]  # fmt: skip
