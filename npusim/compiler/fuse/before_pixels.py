"""An activation, or a factor for all, behind a DepthToSpace runs in front of it, on what is read as channels.

It is the same for every number, so it may run where the numbers still lie as the convolution in front makes them, and
rides behind that for free. Intel's compiler swaps the two: Clip of an ABPN, and Clip, Sigmoid and Mul behind 48
channels of 48 x 80 by four, Clip behind 27 of 45 x 160 by three, on NPU 3720, 4000 and 5010."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node

ACTIVATIONS = (
    "Relu",
    "LeakyRelu",
    "Clip",
    "Sigmoid",
    "Tanh",
    "HardSwish",
    "HardSigmoid",
    "Elu",
    "Swish",
    "Gelu",
)
FACTORS = ("Mul",)  # by one number


def activations_before_pixels(r: Rewriter) -> None:
    """DepthToSpace, activation -> activation, DepthToSpace, where nothing else reads the image."""
    for index, node in r.items("DepthToSpace"):
        while found := r.reader(node.outputs[0], *ACTIVATIONS, *FACTORS):
            behind, op = found
            if not _alike_for_all(r, op, node.outputs[0]):
                break
            inner = f"{op.outputs[0]}/channels"
            r.values[inner] = replace(r.value(node.inputs[0]), name=inner)
            first = replace(
                op,
                inputs=tuple(node.inputs[0] if n == node.outputs[0] else n for n in op.inputs),
                outputs=(inner,),
            )
            node = replace(node, inputs=(inner,), outputs=op.outputs[:1])
            r.exchange(index, first, behind, node)
            index = behind


def _alike_for_all(r: Rewriter, op: Node, image: str) -> bool:
    """Whether an op does the same to every number of an image."""
    return all(r.one_number(n) for n in op.inputs if n and n != image)
