"""Each layer of a dense block reads what all in front of it made: wholes that have a place from the first part on."""

from dataclasses import replace
from itertools import pairwise

import pytest

from npusim.arch.presets import load_hardware
from npusim.graph import Graph, Node
from npusim.simulation import simulate
from tests.compiler.residency.test_copied_parts import copies
from tests.compiler.residency.test_joined_images import HARDWARE, WINDOW, image, weight


def dense(size, channels, layers):
    """A 3x3 of an image, then layers that add so many channels each; a 3x3 of the last whole leaves the graph."""
    values = [image("x", 16, size), image("y", channels, size), weight("ws", channels, 16, 3, 3)]
    values += [image("t", channels, size), weight("wy", channels, channels * (layers + 1), 3, 3)]
    nodes, last = [Node("Conv_s", "Conv", ("x", "ws"), ("t",), WINDOW)], "t"
    for i in range(layers):
        whole = channels * (i + 1)
        values += [weight(f"w{i}", channels, whole, 3, 3), image(f"t{i}", channels, size)]
        values.append(image(f"j{i}", whole + channels, size))
        nodes.append(Node(f"Conv_{i}", "Conv", (last, f"w{i}"), (f"t{i}",), WINDOW))
        nodes.append(Node(f"Concat_{i}", "Concat", (last, f"t{i}"), (f"j{i}",), {"axis": 1}))
        last = f"j{i}"
    nodes.append(Node("Conv_y", "Conv", (last, "wy"), ("y",), WINDOW))
    return Graph("dense", tuple(nodes), {v.name: v for v in values}, ("x",), ("y",), opset=20)


def report(graph, profile):
    """Its prediction on NPU 3720."""
    return simulate(graph, load_hardware(HARDWARE["3720"]), profile, band=False)


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_each_part_is_copied_into_each_whole(profile):
    """Four layers of 32 channels at 48 x 48: the first part and the next into four and more wholes, the last into none
    (it is written where it is joined), and no whole crosses DDR (0.44 MB in Intel's schedule, 2.5 here before)."""
    found = report(dense(48, 32, 4), profile)
    assert len(copies(found)) == 4 + 4 + 3 + 2
    assert found.bytes_moved < 0.6e6


def listed(graph):
    """The same with every Concat a list of all layers' results, none inside another, as exporters leave it."""
    parts, nodes = {}, []
    for node in graph.nodes:
        if node.op_type == "Concat":
            own = tuple(p for n in node.inputs for p in parts.get(n, (n,)))
            parts[node.outputs[0]] = own
            node = replace(node, inputs=own)
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize(("size", "layers"), [(48, 4), (48, 7), (20, 5)])
def test_lists_of_parts_are_planned_as_concats_inside_one_another(profile, size, layers):
    nested = report(dense(size, 32, layers), profile)
    flat = report(listed(dense(size, 32, layers)), profile)
    assert len(copies(flat)) == len(copies(nested)) > layers
    assert flat.bytes_moved == nested.bytes_moved
    assert flat.latency_us == pytest.approx(nested.latency_us, rel=1e-3)


def test_a_sum_is_not_copied_into_wholes():
    """A block whose first part is a sum (ESRGAN's second) has none of them open."""
    graph = dense(48, 32, 7)
    first = graph.nodes[0]
    summed = Node("Add_s", "Add", ("t", "c"), ("s",))
    nodes = [first, replace(first, name="Conv_c", outputs=("c",)), summed]
    for node in graph.nodes[1:]:
        nodes.append(replace(node, inputs=tuple("s" if n == "t" else n for n in node.inputs)))
    values = graph.values | {n: replace(graph.values["t"], name=n) for n in ("c", "s")}
    graph = replace(graph, nodes=tuple(nodes), values=values)
    found = report(listed(graph), "2026-as-released")
    assert not any(t.name.startswith("s/copied") and t.destination == "ddr" for t in found.tasks)


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_what_does_not_fit_is_written_and_read_again(profile):
    """Seven wholes of 0.29 to 1.18 MB at 48 x 48 (a first block of DenseNet-121 at 192 pixels) do not fit beside one
    another: that compiler writes some around each copy."""
    found = report(dense(48, 32, 7), profile)
    assert any("/copied" in t.name and t.destination == "ddr" for t in found.tasks)


@pytest.mark.parametrize(
    ("size", "channels", "layers"), [(48, 32, 7), (56, 32, 6), (96, 16, 4), (28, 32, 12)]
)
def test_a_dense_block_never_costs_more_with_more_scratchpad(size, channels, layers):
    """Which wholes are open is a matter of their bytes, not of a share of the scratchpad (twice as slow with twice as
    much once); which of them are written out is a greedy choice that costs up to 5 % more now and then."""
    graph, hw = dense(size, channels, layers), load_hardware(HARDWARE["3720"])
    shares = [0.6, 0.7, 0.8, 0.9, 1.0, 1.01, 1.1, 1.25, 1.5, 2.0]
    sizes = [round(hw.scratchpad.capacity_bytes * s) for s in shares]
    machines = [hw.replace({"scratchpad.capacity_bytes": n}) for n in sizes]
    times = [simulate(graph, m, "2026", band=False).latency_us for m in machines]
    assert times[-1] < 0.9 * times[0]
    assert all(larger <= smaller * 1.06 for smaller, larger in pairwise(times)), times


def test_large_wholes_are_put_together_in_ddr():
    """At 128 x 128 a whole of two parts is 2.1 MB: nothing is copied by the array."""
    assert not copies(report(dense(128, 32, 3), "2026-as-released"))
