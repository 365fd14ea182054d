"""Convolutions run as late as what reads them: orders that Intel's compiler 8.4 gives the same graphs on NPU 5010."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Graph, Node, Value

HW = load_hardware("panther_lake")
CHANNELS, SIZE = 64, 56
POINT = {"kernel_shape": (1, 1), "pads": (0,) * 4}
POOL = {"kernel_shape": (3, 3), "pads": (1,) * 4}
NEITHER = ("layout", "convert")


def graph(text):
    """`a=Conv(x) b=Add(a,x)`: nodes named as their results; the last one is the graph's output."""
    nodes, values, parts = [], {"x": 1}, {"x": CHANNELS}
    for one in text.split():
        name, call = one.split("=")
        op, reads = call.rstrip(")").split("(")
        reads = tuple(reads.split(","))
        parts[name] = sum(parts[n] for n in reads) if op == "Concat" else CHANNELS
        if op == "Conv":
            values[f"w{name}"] = Value(
                f"w{name}", (CHANNELS, parts[reads[0]], 1, 1), DType.FLOAT16, constant=True
            )
            reads = (reads[0], f"w{name}")
        more = {"Conv": POINT, "MaxPool": POOL, "AveragePool": POOL, "Concat": {"axis": 1}}.get(op, {})
        nodes.append(Node(name, op, reads, (name,), more))
    values |= {n: Value(n, (1, c, SIZE, SIZE), DType.FLOAT16) for n, c in parts.items()}
    return Graph("late", tuple(nodes), values, ("x",), (nodes[-1].name,), opset=20)


def order(text, profile="2026"):
    plan = compile_graph(graph(text), HW, load_profile(profile))
    names = [s.node.name for s in plan.steps if s.engine != "none"]
    return " ".join(n for n in names if not n.endswith(NEITHER))


BRANCH = "s=Conv(x) a=Conv(s) b=Conv(a) c=Conv(b)"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{BRANCH} z=Conv(s) j=Add(c,z) y=Conv(j)", "s z a b c j y"),  # a ResNet's shortcut
        (f"{BRANCH} z=Conv(s) j=Add(z,c) y=Conv(j)", "s a b c z j y"),
        ("s=Conv(x) a=Conv(s) b=Conv(s) d=Conv(b) c=Conv(s) j=Concat(a,d,c) y=Conv(j)", "s c b d a y"),
        ("s=Conv(x) a=MaxPool(s) b=Conv(s) j=Add(a,b) y=Conv(j)", "s b a j y"),
        ("s=Conv(x) a=AveragePool(s) b=Conv(s) j=Add(a,b) y=Conv(j)", "s a b j y"),
        ("s=Conv(x) a=Conv(s) b=Elu(a) c=Conv(b) d=Conv(s) j=Add(c,d) y=Conv(j)", "s a b d c j y"),
        ("s=Conv(x) a=Conv(s) b=Conv(s) i=Add(a,b) c=Conv(s) d=Conv(s) k=Add(c,d) j=Add(i,k) y=Conv(j)",
         "s b a i d c k j y"),
        ("s=Conv(x) a=Conv(s) b=Conv(s) i=Add(a,b) c=Conv(a) j=Add(i,c) y=Conv(j)", "s b a i c j y"),
    ],
)  # fmt: skip
def test_as_in_schedules(text, found):
    assert order(text) == found


def test_another_release_keeps_the_order_of_the_graph():
    assert order(f"{BRANCH} z=Conv(s) j=Add(c,z) y=Conv(j)", "2024.12") == "s a b c z j y"
