"""Layers of up to 128 rows: what stays inside between products, kernels and sums (Intel's schedules, simulated)."""

import pytest

import npusim
from npusim.compiler.chains.doublings import shared_alike
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Value
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import linear, silu
from tests.vendor.nets.linear_attention import unit
from tests.vendor.nets.recurrences import gated_recurrence

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")


def plan_of(g: Builder, out: str, name: str):
    return compile_graph(
        loaded(g.model(out)), npusim.hardware(name), load_profile("2026"), "fp16", False, None
    )


def stored(plan) -> set[str]:
    """Nodes whose result goes to DDR."""
    tasks = (
        plan.step[i] for i, a in enumerate(plan.ask) if isinstance(a, DmaTask) and a.destination == "ddr"
    )
    return {plan.steps[k].node.name for k in tasks}


def gated_layer(g: Builder, rows: int = 96, width: int = 384, inner: int = 768) -> str:
    x = g.op("Relu", g.input(1, rows, width))
    up = g.op("Mul", silu(g, linear(g, x, width, inner, False)), linear(g, x, width, inner, False))
    return linear(g, up, inner, width, False)


@pytest.mark.parametrize(
    ("name", "crosses"),
    [("meteor_lake", "Mul"), ("lunar_lake", "Mul"), ("panther_lake", "MatMul_4")],
)
def test_of_a_gated_layer_one_tensor_crosses(name, crosses) -> None:
    """The kernels' product where kernels multiply; where the MAC array does, the value."""
    g = Builder(weights=False)
    found = stored(plan_of(g, gated_layer(g), name)) - {"Relu_0", "MatMul_6"}
    assert {s if name == "panther_lake" else s.split("_")[0] for s in found} == {crosses}


@pytest.mark.parametrize("name", NPUS)
def test_what_two_products_read_from_ddr_is_loaded_once(name) -> None:
    g = Builder(weights=False)
    plan = plan_of(g, gated_layer(g, rows=64), name)
    again = [
        plan.label[i]
        for i, a in enumerate(plan.ask)
        if isinstance(a, DmaTask) and a.source == "ddr" and plan.label[i].endswith("/Relu_0")
    ]
    assert len(set(again)) <= 1 + (name == "panther_lake")  # the gate over rows, the value over channels


@pytest.mark.parametrize("name", NPUS)
def test_one_less_a_gate_and_its_positive_part_are_one_step_of_the_mac_array(name) -> None:
    g = Builder(weights=False)
    x = g.op("Exp", g.input(1, 64, 512))
    y = g.op("Sqrt", g.op("Max", g.op("Sub", g.const(1.0), x), g.const(0.0)))
    steps = {s.node.name: s for s in plan_of(g, y, name).steps}
    assert steps["Sub_1"].engine == "mac_array" and "Max_2" not in steps


@pytest.mark.parametrize("name", NPUS)
def test_sums_of_a_scan_by_doubling_are_read_where_they_lie(name) -> None:
    g = Builder(weights=False)
    plan = plan_of(g, gated_recurrence(g, 64, 384, 512), name)
    loads = [
        plan.steps[plan.step[i]].node.name
        for i, a in enumerate(plan.ask)
        if isinstance(a, DmaTask) and a.source == "ddr" and a.destination != "ddr"
    ]
    sums = [s.node.name for s in plan.steps if s.node.op_type == "Add" and 42 < int(s.node.name[4:]) < 78]
    assert len(sums) == 5
    for one in sums:  # 4000: the product with the decay comes from DDR
        assert (one in loads) == (name == "lunar_lake")


@pytest.mark.parametrize(
    ("shape", "tiles", "alike"),
    [
        ((1, 64, 512), 3, True),
        ((1, 128, 384), 3, False),
        ((1, 96, 640), 3, False),
        ((1, 1536, 16), 3, True),
        ((1, 1280, 16), 3, False),
        ((1, 1024, 16), 3, False),
    ],
)
def test_kernels_and_sums_share_alike_as_in_the_schedules(shape, tiles, alike) -> None:
    assert shared_alike(Value("x", shape, DType.FLOAT16), tiles) == alike


@pytest.mark.parametrize("name", NPUS)
def test_a_key_divided_by_its_length_is_one_kernel(name) -> None:
    """x / sqrt(sum(x^2) + eps), of delta nets and RWKV-7."""
    g = Builder(weights=False)
    plan = plan_of(g, unit(g, g.op("Exp", g.input(1, 4, 32, 64))), name)
    assert [s.node.op_type for s in plan.steps if s.engine != "none"] == ["Exp", "RMSNormalization"]


@pytest.mark.parametrize(
    ("name", "stays"), [("meteor_lake", True), ("lunar_lake", True), ("panther_lake", False)]
)
def test_a_product_of_many_rows_hands_them_on_to_a_kernel_that_shares_the_same(name, stays) -> None:
    """256 rows are whole for two and four tiles, not for three."""
    g = Builder(weights=False)
    y = linear(g, g.op("Exp", g.input(1, 256, 256)), 256, 256, False)
    y = g.op("Mul", y, g.op("Exp", g.input(1, 256, 256)))
    found = stored(plan_of(g, g.op("Sqrt", y), name))
    assert ("MatMul_1" not in found) == stays
