"""Maps of a detector's levels in one list of pixels."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.graph import DType, Graph, Node, Value
from npusim.simulation import simulate
from tests.compiler.residency.test_joined_images import HARDWARE, POINT, image, weight

MB = 1e6


def tensor(name, *shape):
    return Value(name, shape, DType.FLOAT16)


def head(sizes, channels, classes):
    """A 1x1 a level, all pixels in one list; turned to rows, or cut in boxes and `classes`, these through a Sigmoid."""
    count = sum(s * s for s in sizes)
    values = [tensor("l", 1, channels, count), tensor("s", 2), Value("n", (2,), DType.INT64, constant=True)]
    nodes, lines = [], []
    for i, size in enumerate(sizes):
        values += [
            image(f"x{i}", 32, size),
            image(f"m{i}", channels, size),
            weight(f"w{i}", channels, 32, 1, 1),
        ]
        values += [
            tensor(f"r{i}", 1, channels, size * size),
            Value(f"k{i}", (3,), DType.INT64, constant=True),
        ]
        nodes.append(Node(f"Conv_{i}", "Conv", (f"x{i}", f"w{i}"), (f"m{i}",), POINT))
        nodes.append(Node(f"Reshape_{i}", "Reshape", (f"m{i}", f"k{i}"), (f"r{i}",)))
        lines.append(f"r{i}")
    nodes.append(Node("List", "Concat", tuple(lines), ("l",), {"axis": 2}))
    inputs = tuple(f"x{i}" for i in range(len(sizes)))
    if not classes:
        values.append(tensor("y", 1, count, channels))
        nodes.append(Node("Turn", "Transpose", ("l",), ("y",), {"perm": (0, 2, 1)}))
    else:
        values += [tensor("b", 1, channels - classes, count), tensor("y", 1, channels, count)]
        values += [tensor(n, 1, classes, count) for n in ("c", "p")]
        nodes += [
            Node("Split", "Split", ("l", "n"), ("b", "c"), {"axis": 1}),
            Node("Sigmoid", "Sigmoid", ("c",), ("p",)),
            Node("Erf", "Erf", ("b",), ("e",)),
            Node("Join", "Concat", ("e", "p"), ("y",), {"axis": 1}),
        ]
        values.append(tensor("e", 1, channels - classes, count))
    return Graph("head", tuple(nodes), {v.name: v for v in values if v.name != "s"}, inputs, ("y",), opset=20)


def moved(graph, npu, profile="2026"):
    """MB to DDR and within it, by node."""
    found = simulate(graph, load_hardware(HARDWARE[npu]), profile, band=False)
    sums = {}
    for t in found.tasks:
        if t.destination == "ddr" and not t.node.startswith("x"):
            key = (t.node, "copied" if t.source == "ddr" else "written")
            sums[key] = sums.get(key, 0.0) + t.nbytes / MB
    return sums


@pytest.mark.parametrize("npu", HARDWARE)
def test_maps_are_written_and_copied_into_the_list(npu):
    """85 channels of 52, 26 and 13 rows, as YOLOX makes them: 0.603 MB written, on NPU 4000 and 5010 as much copied
    (`Concat_273/concat_out` in Intel's schedule of NPU 5010: 0.602), and no task turns them to rows."""
    found = moved(head((52, 26, 13), 85, 0), npu)
    assert sum(b for (_, how), b in found.items() if how == "written") == pytest.approx(0.603, rel=0.01)
    copied = sum(b for (_, how), b in found.items() if how == "copied")
    assert copied == pytest.approx(0.0 if npu == "3720" else 0.603, rel=0.01)
    assert not any(node == "Turn" for node, _ in found)


@pytest.mark.parametrize(("sizes", "crosses"), [((64, 32, 16), False), ((80, 40, 20), True)])
def test_classes_are_turned_where_they_leave(sizes, crosses):
    """80 classes of YOLOv8: the Sigmoid's result is turned by a pass, of more than 8,192 pixels through DDR (1.344 MB
    out, in and out again for 8,400 pixels, and copied to the result: 1.344 of `Concat_231`)."""
    found = moved(head(sizes, 144, 80), "5010")
    count = sum(s * s for s in sizes)
    assert (("Sigmoid", "written") in found) == crosses
    turned = found.get(("p/planes", "written"), 0.0)
    assert turned == pytest.approx(160 * count / MB, rel=0.01)
    assert (("Join", "copied") in found) == crosses
