"""A batch whose graph has two inputs: called image by image where they do not meet."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import Plan
from npusim.compiler.rules.profile import load_profile
from npusim.graph import Graph
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv_relu


def _plan(graph: Graph) -> Plan:
    return compile_graph(graph, load_hardware("lunar_lake"), load_profile("2026-as-released"))


@pytest.mark.parametrize(
    ("kind", "called"), [("Add", False), ("Mul", False), ("Concat", True), ("input", False), ("none", True)]
)
def test_two_inputs_must_not_meet(kind: str, called: bool) -> None:
    """In an addition or a scale nor, an input itself, in a Concat: as in Intel's schedules of five such graphs over 2
    and 4 images on NPU 4000 and 5010."""
    g = Builder(weights=False)
    first, second = g.input(4, 16, 32, 32), g.input(4, 16, 32, 32)
    x = conv_relu(g, conv_relu(g, first, 16, 16), 16, 16)
    y = second if kind == "input" else conv_relu(g, conv_relu(g, second, 16, 16), 16, 16)
    outputs = [x, y]
    if kind in ("Add", "Mul"):
        outputs = [conv_relu(g, g.op(kind, x, y), 16, 16)]
    elif kind != "none":
        outputs = [conv_relu(g, g.op("Concat", x, y, axis=1), 32, 16)]
    plan = _plan(of_model(g.model(*outputs), ""))
    assert (max(plan.repeats) == 4) == called


def test_what_a_concat_has_joined_is_one() -> None:
    """A sum of it and of one of its parts keeps images apart (a decoder's shortcut)."""
    g = Builder(weights=False)
    x, y = (conv_relu(g, g.input(4, 16, 32, 32), 16, 16) for _ in range(2))
    z = conv_relu(g, g.op("Concat", x, y, axis=1), 32, 16)
    assert max(_plan(of_model(g.model(conv_relu(g, g.op("Add", z, x), 16, 16)), "")).repeats) == 4
