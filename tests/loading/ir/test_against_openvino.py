"""Every operation that is read: our shapes are OpenVINO's, and so are the numbers of what it becomes."""

import numpy as np
import pytest

pytest.importorskip("openvino")

import npusim
from npusim.errors import FreeDimension, UnknownShape
from tests.loading.ir.cases import CASES, SHAPES_ONLY, f, k, op, ov, p
from tests.loading.ir.runs import IR, run, with_weights, worst
from tests.shared import SHARED, needs_shared


def saved(name, folder):
    parameters, nodes = CASES[name]()
    for number, parameter in enumerate(parameters):
        parameter.output(0).set_names({f"in{number}"})
        parameter.set_friendly_name(f"in{number}")
    results, sinks = [], []
    for number, node in enumerate(nodes):
        if not isinstance(node, ov.Output) and node.get_type_name() == "Assign":
            sinks.append(node)
            continue
        end = node if isinstance(node, ov.Output) else node.output(0)
        end.set_names({f"out{number}"})
        results.append(ov.opset16.result(end))
    model = ov.Model(results, sinks, parameters, "case")
    path = folder / "case.xml"
    ov.save_model(model, path, compress_to_fp16=False)
    return path, model


@pytest.mark.parametrize("name", CASES)
def test_shapes_and_numbers_are_those_of_openvino(name, tmp_path):
    path, model = saved(name, tmp_path)
    graph = npusim.load(path)
    wanted = {next(iter(o.get_names())): tuple(o.shape) for o in model.outputs}
    assert {n: graph.values[n].shape for n in graph.outputs} == wanted
    npusim.simulate(graph, "lunar_lake", band=False, allow_unmodelled=True)
    if name in SHAPES_ONLY:
        return
    rng = np.random.default_rng(1)
    feeds = {}
    for port in model.inputs:
        dtype = port.element_type.to_dtype()
        values = rng.standard_normal(tuple(port.shape)) * (1 if dtype.kind == "f" else 3)
        feeds[port.any_name] = np.abs(values).astype(dtype) if dtype.kind == "u" else values.astype(dtype)
    found = run(with_weights(path), feeds)
    core = ov.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    expected = compiled(feeds)
    for port in compiled.outputs:
        value = expected[port]
        assert found[port.any_name].shape == value.shape
        assert worst(found[port.any_name], value) < 1e-4, port.any_name


FREE = {"batch_size": 1, "sequence_length": 2, "past_sequence_length": 5}
SIZES = {"input_ids": [1, 2], "position_ids": [1, 2], "attention_mask": [1, 7], "beam_idx": [1]}


@needs_shared
@pytest.mark.parametrize("path", sorted((IR / "small").glob("*.xml")), ids=lambda p: p.stem)
def test_every_layer_of_a_real_file_has_openvinos_shape_after_reshape_too(path):
    """Tensors by their names. Rows of a cache are free in OpenVINO too until a state has a value: those are left."""
    model = ov.Core().read_model(path)
    stateful = model.is_dynamic()
    if stateful:
        model.reshape({port.any_name: SIZES[port.any_name] for port in model.inputs})
    graph = npusim.load(path, FREE if stateful else {})
    compared = 0
    for layer in model.get_ordered_ops():
        for output in layer.outputs():
            for name in output.get_names() or {layer.get_friendly_name()}:
                value = graph.values.get(name)
                if value is None or layer.get_type_name() in ("Constant", "Convert"):
                    continue
                shape = output.get_partial_shape()
                assert len(shape) == len(value.shape), name
                assert all(
                    d.is_dynamic or d.get_length() == n for d, n in zip(shape, value.shape, strict=True)
                ), name
                compared += shape.is_static
    assert compared > 0.4 * len(graph.nodes)


@pytest.mark.parametrize(
    "make, most",
    [
        (lambda: ([x := p(2, 3)], op.non_zero(x, "i32")), (2, 6)),
        (lambda: ([x := p(6)], op.unique(x).output(0)), (6,)),
        (
            lambda: (
                [a := p(1, 6, 4), b := p(1, 2, 6)],
                op.non_max_suppression(a, b, k(3), k(0.5, np.float32), k(0.1, np.float32)).output(0),
            ),
            (6, 3),
        ),
    ],
    ids=["NonZero", "Unique", "NonMaxSuppression"],
)
def test_shapes_that_depend_on_data_have_an_upper_bound(make, most, tmp_path):
    parameters, node = make()
    end = node if isinstance(node, ov.Output) else node.output(0)
    ov.save_model(ov.Model([op.result(end)], parameters, "case"), tmp_path / "m.xml")
    with pytest.raises(UnknownShape):
        npusim.load(tmp_path / "m.xml")
    graph = npusim.load(tmp_path / "m.xml", upper_bound=True)
    assert graph.values[graph.outputs[0]].shape == most


def test_sizes_that_are_free_in_the_file_follow_as_in_openvino(tmp_path):
    """An image model with free batch, height and width, as detectors are exported."""
    x = p(-1, 3, -1, -1)
    x.set_friendly_name("x")
    x.output(0).set_names({"x"})
    image = op.max_pool(op.relu(op.convolution(x, f(8, 3, 3, 3), [2, 2], [1, 1], [1, 1], [1, 1])), [2, 2], [1, 1],
                        [0, 0], [1, 1], [3, 3], "ceil").output(0)  # fmt: skip
    up = op.interpolate(image, k([2, 2], np.float32), "nearest", "scales", [0] * 4, [0] * 4, axes=k([2, 3]))
    flat = op.reshape(op.transpose(up, k([0, 2, 3, 1])), k([0, -1, 8]), True)
    pooled = op.reduce_mean(flat, k([1]), False)
    model = ov.Model([op.result(flat), op.result(pooled)], [x], "m")
    ov.save_model(model, tmp_path / "m.xml")
    with pytest.raises(FreeDimension, match=r"x\.0.*x\.2.*x\.3"):
        npusim.load(tmp_path / "m.xml")
    for sizes in ((1, 3, 64, 48), (2, 3, 33, 35)):
        graph = npusim.load(tmp_path / "m.xml", {f"x.{a}": sizes[a] for a in (0, 2, 3)})
        model.reshape(list(sizes))
        assert [graph.values[n].shape for n in graph.outputs] == [tuple(o.shape) for o in model.outputs]


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["gpt2_sdpa_dy", "mbv2_dy", "vit_dy", "mamba_tf4_L8_ts", "rwkv_L8_dy", "bamba_L32_dy"]
)
def test_what_openvino_converts_costs_what_it_was(name, tmp_path):
    """MACs are equal, latencies within 3 %: what the converter drops (factors of one) is dropped in ONNX files too."""
    source = SHARED / "graphs" / "small" / f"{name}.onnx"
    ov.save_model(ov.convert_model(source), tmp_path / "m.xml")
    ir, onnx = (npusim.simulate(path, "lunar_lake", band=False) for path in (tmp_path / "m.xml", source))
    assert ir.macs == onnx.macs
    assert ir.latency_us == pytest.approx(onnx.latency_us, rel=0.03)


@pytest.mark.parametrize("name", CASES)
def test_shapes_are_those_of_openvino_without_the_bin_too(name, tmp_path):
    """Sizes at the ports stand for the constants; of free ones a sentence says what is missing."""
    path, model = saved(name, tmp_path)
    path.with_suffix(".bin").unlink()
    wanted = {next(iter(o.get_names())): tuple(o.shape) for o in model.outputs}
    graph = npusim.load(path)
    assert {n: graph.values[n].shape for n in graph.outputs} == wanted
    npusim.simulate(graph, "lunar_lake", band=False, allow_unmodelled=True)


def test_a_loop_without_a_limit_runs_until_its_condition_says_so(tmp_path):
    """-1 is no limit in OpenVINO, and no iteration at all in ONNX."""
    x, node = p(1, 4), op.loop(k(-1), k(True, bool))
    count, state = p(dtype=np.int64), p(1, 4)
    added = op.exp(state)
    node.set_function(ov.Model([op.result(added), op.result(op.less(count, k(2)))], [count, state], "body"))
    node.set_special_body_ports([0, 1])
    node.set_merged_input(state, x.output(0), added.output(0))
    end = op.result(node.get_iter_value(added.output(0), -1))
    ov.save_model(ov.Model([end], [x], "m"), tmp_path / "m.xml")
    graph = npusim.load(tmp_path / "m.xml")
    assert sum(n.repeats for n in graph.nodes if n.op_type == "Exp") == 3
