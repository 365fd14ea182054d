"""A rule is found the moment it is registered, and a second one of the same name is refused."""

import subprocess
import sys

import numpy as np
import pytest

from npusim import hardware, load, simulate
from npusim.errors import BadArgument, UnknownOp, UnknownShape
from npusim.loading.all_rules import import_module  # noqa: F401  (registers the rules)
from npusim.loading.ir.front import translations
from npusim.loading.ir.table import DECIDED, PLANS, TRANSLATIONS, decides, plans, translates
from npusim.loading.rules import RULES, Out, rule
from npusim.loading.walk import SPECIAL, special
from npusim.ops import lowerings, op
from npusim.ops.counting import dsp
from npusim.ops.registry import _RULES
from tests.loading.make import model, node, save

LUNAR_LAKE = hardware("lunar_lake")


@pytest.fixture(autouse=True)
def _as_before():
    """What a test registers is gone afterwards."""
    shapes, costs = dict(RULES), dict(_RULES)
    yield
    for table, kept in ((RULES, shapes), (_RULES, costs)):
        table.clear()
        table.update(kept)


def test_a_second_cost_of_an_op_is_refused_unless_it_says_so():
    with pytest.raises(BadArgument, match=r"'Relu' of domain 'ai.onnx' has a cost already.*npusim.ops.unary"):
        op("Relu")(lambda c: dsp(c, "relu"))
    op("Relu", replace=True, kernels=("tanh",))(lambda c: dsp(c, "tanh"))


def test_a_second_shape_rule_of_an_op_is_refused_unless_it_says_so():
    with pytest.raises(BadArgument, match=r"'Relu' of domain 'ai.onnx' has a shape rule already, same_shape"):
        rule("Relu")(lambda o: [Out(o.x().dtype, o.x().shape)])
    rule("Relu", replace=True)(lambda o: [Out(o.x().dtype, (1,))])


@pytest.mark.parametrize(("given", "refused"), [("", True), (", replace=True", False)])
def test_a_rule_before_the_first_load_stands_beside_those_that_come_along(given, refused):
    code = (
        "from npusim.loading.rules import RULES, rule\n"
        f"@rule('MatMul'{given})\ndef mine(op): ...\n"
        "from npusim.loading import all_rules\nassert RULES['MatMul'] is mine and 'Conv' in RULES"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode != 0) == refused, ended.stderr
    assert ("'MatMul' of domain 'ai.onnx' has a shape rule already" in ended.stderr) == refused


@pytest.mark.parametrize(
    "register, table, kind, where",
    [
        (translates, TRANSLATIONS, "Relu", "a translation already"),
        (plans, PLANS, "ReadValue", "a plan already"),
        (decides, DECIDED, "Gather", "a rule for missing constants already, gather in .*decided_cuts"),
        (special, SPECIAL, "Loop", "a way to be taken in already"),
    ],
)
def test_a_second_function_for_a_kind_of_node_is_refused(register, table, kind, where):
    translations()
    before = dict(table)
    with pytest.raises(BadArgument, match=rf"'{kind}' has {where}"):
        register(kind)(lambda *given: None)
    assert table == before


def foreign(folder, declared, inputs=("x",), weights=None):
    nodes = [node("Frob", list(inputs), ["a"], domain="acme", name="who"), node("Relu", ["a"], ["y"])]
    proto = model(nodes, {"x": ["n", 8]}, ["y"], weights, domains=("acme",))
    if declared is not None:
        proto.graph.value_info.append(model([], {"a": declared}, []).graph.input[0])
    return save(proto, folder)


@pytest.mark.parametrize("declared", [["n", 8], ["2*n", 8], [4, 8]])
@pytest.mark.parametrize("inputs", [("x",), (), ("w",)])
def test_an_op_nobody_knows_whose_shape_the_file_declares_is_listed(tmp_path, declared, inputs):
    """Also one that reads nothing, or weights alone: its reader waits for nothing, and nothing hangs."""
    graph = load(foreign(tmp_path, declared, inputs, {"w": np.zeros(8, np.float32)}), {"n": 2})
    with pytest.raises(UnknownOp, match=r"'Frob' \(node 'who'\).*domain='acme'.*allow_unmodelled=True"):
        simulate(graph, LUNAR_LAKE)
    report = simulate(graph, LUNAR_LAKE, allow_unmodelled=True)
    assert [(u.name, u.op_type) for u in report.unmodelled] == [("who", "Frob")]
    assert report.latency_us > 0


@pytest.mark.parametrize("inputs", [("x",), (), ("", "x")])
def test_the_error_shows_the_rule_to_write_and_the_rule_works(tmp_path, inputs):
    path = foreign(tmp_path, None, inputs)
    with pytest.raises(UnknownShape, match="the file does not declare its output shapes") as error:
        load(path, {"n": 2})
    shown = str(error.value).partition("before npusim.load: ")[2].split("; ")
    assert len(shown) == 3
    exec("\n".join(shown), {})
    report = simulate(load(path, {"n": 2}), LUNAR_LAKE, allow_unmodelled=True)
    assert [u.op_type for u in report.unmodelled] == ["Frob"]


def test_a_rule_says_what_it_needs_and_the_registry_checks_it(tmp_path):
    @op("Frob", domain="acme", kernels=("default",), ranks={0: (3, 4)})
    def frob(c):
        return dsp(c, "default", c.attr("times") * c.input(0).shape[2])

    from npusim.errors import BadModel

    graph = load(foreign(tmp_path, ["n", 8]), {"n": 2})
    with pytest.raises(BadModel, match=r"Frob node 'who': input 0 \[2, 8\] must have 3 or 4 dimensions"):
        lowerings(graph.nodes[0], graph)
    op("Frob", domain="acme", kernels=("default",), replace=True)(frob)
    with pytest.raises(
        BadModel, match=r"Frob node 'who': its inputs and attributes do not fit.*; inputs \[2, 8\]"
    ):
        lowerings(graph.nodes[0], graph)
