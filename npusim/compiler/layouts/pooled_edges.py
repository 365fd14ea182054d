"""Edges and corners of a lone average pooling that does not count its padding, where the laws of size hold.

Intel's compiler 8.4 runs such a pooling of an image of the graph as nine, of its centre, edges and corners, each edge
through DDR (`edges_apart` in npusim.ops.pooling, as released). Where the image does not fit, the nine are cut in pieces
there and the step in size is one of 2.5 to 3.3 times. Profiles that keep the law of doubling took none of the eight
parts around the centre and were 2 to 4 times too cheap (30 x 50 x 50 by 3 x 3 on NPU 3720: 19.8 for 74.0 us).

Here the pooling stays one, in strips, and its edges and corners are made in front of it, each once whatever the pieces
of the centre. They grow with the sides of the image, so twice the image never costs more than twice as much."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.lowering.place import Placed
from npusim.graph import Node, Value
from npusim.ops.pooling import edges_apart
from npusim.ops.registry import OpCase
from npusim.work import MacWork


def edges_made(name: str, values: dict[str, Value], reader: Placed) -> list[Placed]:
    """The step that makes the edges and corners of `reader`, which pools the image `name` of the graph; none of other
    readers. The pass that turns the image reads what this step writes, so that it comes behind."""
    node = reader.node
    if node.op_type != "AveragePool" or not isinstance(reader.only, MacWork):
        return []
    kernel = tuple(int(k) for k in node.attribute("kernel_shape"))
    case = OpCase(node, (values[name],), (values[node.outputs[0]],))
    parts = edges_apart(case, reader.only, kernel)[1:]
    if not parts:
        return []
    out = f"{name}/edges"
    values[out] = replace(values[name], name=out)
    why = "edges and corners of a pooling that does not count its padding are poolings of their own, through DDR"
    made = Node(out, "AveragePool", (name,), (out,))
    return [Placed(made, "edges_apart", parts, "dma", why, (name,), (out,), 0.0, 0.0)]
