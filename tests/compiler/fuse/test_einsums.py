"""Einsums of several operands, and those that add nothing up, are the products OpenVINO makes of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.fuse.written_out import write_out
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor import op_graphs

SIZES = dict(zip("abcdef", (2, 3, 4, 5, 1, 6), strict=True))
terms = st.permutations("abcdef").flatmap(
    lambda letters: st.integers(1, 3).map(lambda n: "".join(letters[:n]))
)


def written(equation, sizes):
    name = "_".join(["einsum", equation.replace(",", ".").replace("->", "."), *map(str, sizes)])
    return write_out(loaded(op_graphs.build(name, weights=False)))


def computed(graph, arrays):
    """What the nodes of a graph make of its inputs."""
    found = dict(arrays)
    for node in graph.nodes:
        x, *others = (found[n] for n in node.inputs)
        shape = graph.values[node.outputs[0]].shape
        if node.op_type == "Einsum":
            y = np.einsum(node.attribute("equation"), x, *others)
        elif node.op_type == "Mul":
            y = x * others[0]
        elif node.op_type == "Transpose":
            y = x.transpose(node.attribute("perm"))
        else:
            assert node.op_type == "Reshape"
            y = x.reshape(shape)
        assert y.shape == shape
        found[node.outputs[0]] = y
    return found[graph.outputs[0]]


@given(st.lists(terms, min_size=2, max_size=4), st.data())
def test_the_pairs_compute_what_the_equation_says(operands, data):
    letters = list(dict.fromkeys("".join(operands)))
    result = "".join(data.draw(st.permutations(letters))[: data.draw(st.integers(0, len(letters)))])
    graph = written(f"{','.join(operands)}->{result}", [SIZES[x] for x in letters])
    rng = np.random.default_rng(0)
    arrays = {n: rng.integers(-3, 4, graph.values[n].shape).astype(float) for n in graph.inputs}
    expected = np.einsum(f"{','.join(operands)}->{result}", *arrays.values())
    assert np.array_equal(computed(graph, arrays), expected)
    assert all(len(node.inputs) <= 2 for node in graph.nodes)


def test_the_first_operand_meets_the_last_one_first():
    """`Multiply`, `MatMul`, `MatMul` in Intel's schedules."""
    graph = written("ab,bc,cd,de->ae", (30, 200, 60, 300, 40))
    products = [n for n in graph.nodes if n.op_type in ("Mul", "Einsum")]
    assert [n.op_type for n in products] == ["Mul", "Einsum", "Einsum"]
    assert graph.values[products[0].outputs[0]].shape == (30, 200, 300, 40)
    elements = [graph.values[n.outputs[0]].elements for n in products[1:]]
    assert elements == [60 * 30 * 300 * 40, 30 * 40]  # bc and abde, then cd


@pytest.mark.parametrize("profile", ["2026-as-released", "2026"])
@pytest.mark.parametrize(
    ("name", "hardware", "tiles", "microseconds"),
    [
        ("einsum_i.j.ij_4096_64", "meteor_lake", 2, 113.6),
        ("einsum_i.j.ij_4096_64", "panther_lake", 3, 50.1),
        ("einsum_bi.bj.bij_8_200_300", "meteor_lake", 2, 205.4),
        ("einsum_bid.bjd.d.bij_1_100_64_80", "panther_lake", 3, 5.5),
        ("einsum_bcln.bhcl.bclhp.bchpn_1_4_64_128_24_64", "panther_lake", 3, 12155),
    ],
)
def test_they_take_what_they_take_in_intels_schedules(name, hardware, tiles, microseconds, profile):
    machine = load_hardware(hardware).replace({"tiles": tiles, "step.minimum_ns": 0.0})
    found = simulate(loaded(op_graphs.build(name, weights=False)), machine, profile, band=False)
    assert found.latency_us == pytest.approx(microseconds, rel=0.35)
