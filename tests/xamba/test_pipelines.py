"""Other people's pipelines: onnx_ir's PassManager, onnxscript's optimizer before and rewriter after, a surgeon."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import numpy as np
import onnx_ir as ir
import pytest
from onnx import helper as h
from onnx_ir.passes.common import (
    CommonSubexpressionEliminationPass,
    RemoveUnusedNodesPass,
    ShapeInferencePass,
)

from tests.shared import SHARED, needs_shared
from tests.xamba.build import check, constant, copy, model, ops, run, value
from xamba import ActiBA, CumBA, ReduBA, verify
from xamba.files import load
from xamba.passes.registry import default_passes, passes

optimizer = pytest.importorskip("onnxscript.optimizer")
rewriter = pytest.importorskip("onnxscript.rewriter")
SMALL = SHARED / "graphs" / "small"
SAMPLE = ["mamba2_tf4_L16_ts", "mamba2_tf5_L16_dy", "mamba_tf5_L8_ts"]
EVERY = [
    one() for name, one in passes().items() if name != "softplus"
]  # two answers to one op: the table here


def scan() -> ir.Model:
    """What an exporter leaves: lengths from Shape, an Identity, a sum that can be folded, a Softplus."""
    nodes = [
        h.make_node("Shape", ["x"], ["shape"], start=1, end=2),
        h.make_node("Concat", ["minus", "shape"], ["to"], axis=0),
        h.make_node("Identity", ["x"], ["same"]),
        h.make_node("Reshape", ["same", "to"], ["flat"]),
        h.make_node("Softplus", ["flat"], ["soft"], name="soft"),
        h.make_node("CumSum", ["soft", "ax"], ["sums"], name="scan"),
        h.make_node("ReduceSum", ["sums", "axes"], ["y"], name="sum"),
    ]
    constants = [constant("minus", [-1]), constant("ax", 1), constant("axes", [1])]
    return model(nodes, [value("x", ["n", 6])], [value("y", ["n", 1])], constants)


def test_all_our_passes_run_in_a_pass_manager_among_others_until_nothing_changes():
    m = scan()
    before = copy(m)
    manager = ir.passes.PassManager(
        [ShapeInferencePass(), *EVERY, CommonSubexpressionEliminationPass(), RemoveUnusedNodesPass()],
        steps=5,
        early_stop=True,
    )
    result = manager(m)
    assert result.modified and not manager(m).modified
    assert ops(m).count("MatMul") == 2 and "PWL" in ops(m)
    check(m)
    assert verify(before, m).ok


def test_a_sequence_of_passes_is_a_pass():
    m = scan()
    careful = ir.passes.Sequential(*default_passes())(m)
    assert "CumSum" in ops(m) and "ReduceSum" not in ops(m) and careful.modified
    assert ir.passes.Sequential(CumBA(), ReduBA())(m).modified
    assert "CumSum" not in ops(m)


def test_what_onnxscripts_optimizer_leaves_is_rewritten():
    m = scan()
    before = copy(m)
    optimizer.optimize(m)
    for one in CumBA(), ReduBA(), ActiBA():
        assert one.run(m).rewritten
    check(m)
    assert verify(before, m).ok


@pytest.mark.parametrize("inline", [False, True])
def test_a_table_and_its_metadata_survive_onnxscripts_rewriter(inline):
    m = scan()
    ActiBA(inline=inline).run(m)
    after = rewriter.rewrite(m)
    told = [node.metadata_props for node in after.graph if "xamba.table" in node.metadata_props]
    assert told and all(props["xamba.activation"] == "Softplus" and props["xamba.achieved"] for props in told)
    x = np.linspace(-9, 9, 24).astype(np.float32).reshape(4, 6)
    np.testing.assert_array_equal(run(after, {"x": x})[0], run(m, {"x": x})[0])


def test_a_table_survives_onnxscripts_optimizer_which_puts_its_function_in_place():
    m = scan()
    ActiBA().run(m)
    x = np.linspace(-9, 9, 24).astype(np.float32).reshape(4, 6)
    want = run(m, {"x": x})[0]
    optimizer.optimize(m)
    assert any("xamba.achieved" in node.metadata_props for node in m.graph)
    np.testing.assert_allclose(run(m, {"x": x})[0], want, rtol=1e-6)


@needs_shared
@pytest.mark.parametrize("name", SAMPLE)
def test_networks_pass_through_optimizer_passes_and_rewriter(name):
    m = load(SMALL / f"{name}.onnx")
    optimizer.optimize(m)
    done = [one.run(m) for one in (CumBA(), ReduBA(), ActiBA(segments=64))]
    assert any(result.rewritten for result in done)
    after = rewriter.rewrite(m)
    assert any("xamba.achieved" in node.metadata_props for node in after.graph)
    data = np.load(SMALL / f"{name}.npz")
    found = run(after, {v.name: data[f"in_{v.name}"] for v in after.graph.inputs})
    for output, y in zip(after.graph.outputs, found, strict=True):
        want = data[f"out_{output.name}"]
        assert np.abs(y - want).max() <= 0.02 * np.abs(want).max()


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pipelines.md").read_text()
CODE = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
WORKFLOW = json.loads(re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[0])


@pytest.mark.parametrize("code", CODE[:2], ids=["onnx_ir", "onnxscript"])
def test_the_code_of_the_page_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    m = scan()
    ir.save(m, "in.onnx")
    exec(compile(code, "docs/pipelines.md", "exec"), {})
    after = load("out.onnx")
    assert not {"CumSum", "ReduceSum"} & set(ops(after))
    assert verify(m, after).ok


@pytest.fixture
def olive(monkeypatch):
    """Olive where it is installed, else its door: surgeons are found by class name and called with a proto."""
    try:
        import olive.passes.onnx.graph_surgeries as surgeries
    except ImportError:
        surgeries = ModuleType("olive.passes.onnx.graph_surgeries")

        class Surgeon:
            registry: ClassVar[dict] = {}

            def __init_subclass__(cls) -> None:
                Surgeon.registry[cls.__name__.lower()] = cls

            def __call__(self, proto):
                return ir.to_proto(self.call_ir(ir.from_proto(proto)))

        surgeries.Surgeon = Surgeon
        for name in "olive", "olive.passes", "olive.passes.onnx":
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        monkeypatch.setitem(sys.modules, surgeries.__name__, surgeries)
    return surgeries


def test_the_surgeon_of_the_page_operates(olive, capsys):
    exec(compile(CODE[2], "docs/pipelines.md", "exec"), {})
    surgery = dict(WORKFLOW["surgeries"][0])
    surgeon = olive.Surgeon.registry[surgery.pop("surgeon").lower()](**surgery)
    m = scan()
    after = ir.from_proto(surgeon(ir.to_proto(m)))
    assert ops(after).count("MatMul") == 2 and "rewritten: CumSum 'scan'" in capsys.readouterr().out
    assert verify(m, after).ok
