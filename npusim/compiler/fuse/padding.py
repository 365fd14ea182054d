"""Pad in front of a convolution -> the convolution's own padding: with zeros, or read again by its addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node
from npusim.ops.structure import pad_mode, reads_again

BORDER = "npusim.border"  # of a Conv that reads an image's own values around it again


def _mode(node: Node) -> str:
    return pad_mode(node.attribute("mode"))


def _spatial_pads(r: Rewriter, node: Node) -> tuple[list[int], list[int]] | None:
    """Begin and end padding of the spatial axes of an NC... tensor; None when the Pad does anything else."""
    pads = node.attribute("pads")
    if pads is None and len(node.inputs) > 1 and node.inputs[1]:
        pads = r.value(node.inputs[1]).data
    if pads is None:
        return None
    fill = node.attribute("value", 0.0)
    if _mode(node) != "constant":
        fill = 0.0  # not used
    elif len(node.inputs) > 2 and node.inputs[2]:
        fill = r.scalar(node.inputs[2])
    rank = len(r.value(node.inputs[0]).shape)
    numbers = [int(n) for n in pads]
    if fill != 0 or len(numbers) != 2 * rank or len(node.inputs) > 3 or min(numbers) < 0:
        return None
    begin, end = numbers[:rank], numbers[rank:]
    return None if any(begin[:2] + end[:2]) else (begin[2:], end[2:])


def pad_into_convolution(r: Rewriter) -> None:
    """Pad (zeros, spatial axes) read only by one Conv -> Conv with larger `pads`."""
    _into_convolution(r, lambda node: _mode(node) == "constant")


def border_into_convolution(r: Rewriter) -> None:
    """The same of an image's own values, which the Conv reads again where it would read zeros: no pass, no copy."""
    _into_convolution(r, lambda node: reads_again(_mode(node), r.value(node.inputs[0]).shape))


def _into_convolution(r: Rewriter, taken: Callable[[Node], bool]) -> None:
    for index, node in r.items("Conv"):
        found = r.maker(node.inputs[0], "Pad")
        pads = found and taken(found[1]) and _spatial_pads(r, found[1])
        if not found or not pads or not r.private(node.inputs[0], {index}):
            continue
        if node.attribute("auto_pad", "NOTSET") not in ("NOTSET", b"NOTSET", "VALID", b"VALID"):
            continue
        rank = len(pads[0])
        own = list(node.attribute("pads") or (0,) * 2 * rank)
        both = tuple(int(a + b) for a, b in zip(own, [*pads[0], *pads[1]], strict=True))
        attributes = {k: v for k, v in node.attributes.items() if k != "auto_pad"} | {"pads": both}
        if _mode(found[1]) != "constant":
            attributes[BORDER] = 1
        fused = replace(node, inputs=(found[1].inputs[0], *node.inputs[1:]), attributes=attributes)
        r.replace([found[0], index], fused)
