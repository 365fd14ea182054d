"""Branches of a gate cut together, and windows in a row (both profiles of 2026)."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Graph, Node, Value
from npusim.simulation import simulate
from tests.compiler.planes.test_planes import chains, moved
from tests.vendor.tables import graph_of

HARDWARE = {n: load_hardware(n) for n in ("meteor_lake", "lunar_lake", "panther_lake")}
PROFILES = [load_profile(n) for n in ("2026", "2026-as-released")]


def gate(size, width):
    """Behind two convolutions: the hyperbolic tangent of what the second makes, times its sigmoid."""
    shape = (1, width, size, size)
    values = {n: Value(n, shape, DType.FLOAT16) for n in "abtsm"}
    values["x"] = Value("x", (1, 16, size, size), DType.FLOAT16)
    nodes, last = [], "x"
    for name in "ab":
        values[f"w{name}"] = Value(
            f"w{name}", (width, values[last].shape[1], 3, 3), DType.FLOAT16, constant=True
        )
        window = {"kernel_shape": (3, 3), "pads": (1,) * 4}
        nodes.append(Node(f"Conv_{name}", "Conv", (last, f"w{name}"), (name,), window))
        last = name
    nodes += [
        Node("Tanh_t", "Tanh", ("b",), ("t",)),
        Node("Sigmoid_s", "Sigmoid", ("b",), ("s",)),
        Node("Mul_m", "Mul", ("t", "s"), ("m",)),
    ]
    return Graph("gate", tuple(nodes), values, ("x",), ("m",), opset=20)


@pytest.mark.parametrize("size, width", [(160, 48), (256, 32), (192, 64)])
@pytest.mark.parametrize("name", sorted(HARDWARE))
@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)
def test_the_branches_of_a_gate_hand_nothing_to_ddr(profile, name, size, width):
    plan = compile_graph(gate(size, width), HARDWARE[name], profile)
    group = next(c for c in chains(plan) if any(s.node.op_type == "Mul" for s in c))
    assert {"Tanh", "Sigmoid", "Mul"} <= {s.node.op_type for s in group}
    assert all(moved(plan, f"{n}/") == 0 for n in "ts")
    assert moved(plan, "m/") == 2 * width * size * size


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)
def test_the_gates_of_span_with_the_convolution_in_front_of_them(profile):
    """span_x2_160 on NPU 3720: Mul_6 to Mul_11 in 5 strips; on 4000 without the kernel in front, in 4."""
    graph = graph_of("nets", "span_x2_160")
    for name, first in (("meteor_lake", {"Mul_6", "Conv_7"}), ("lunar_lake", {"Conv_7"})):
        group = next(
            c for c in chains(compile_graph(graph, HARDWARE[name], profile)) if "Mul_11" in members(c)
        )
        assert members(group) == first | {"Sigmoid_8", "Sub_9", "Add_10", "Mul_11"}
        assert 3 <= group[0].pieces <= 5


def members(group):
    return {s.node.name.split("/")[0] for s in group}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)
def test_windows_in_a_row_are_few_groups_on_npu_3720(profile):
    """vdsr_144: 19.6 MB by Intel's schedule; in pairs they were 34.7."""
    report = simulate(graph_of("nets", "vdsr_144"), "meteor_lake", profile.name, band=False)
    assert report.bytes_moved == pytest.approx(19.63e6, rel=0.15)
