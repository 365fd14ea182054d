"""What hangs together with a padded axis: every value and axis that has to be shortened with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from xamba.facts.axes import Links, Place, links
from xamba.facts.elements import Elements
from xamba.facts.nodes import is_onnx
from xamba.facts.reading import padding_of

#: Ops that read a padded axis as an image or a sound: such a Pad is no chunk and not worth a word.
WINDOWS = {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "Resize"}


@dataclass(frozen=True)
class Padding:
    """One Pad at the end of one axis: `axis` goes from `short` to `long` rows of the number `fill`."""

    axis: int
    short: int
    long: int
    fill: float

    @property
    def longer(self) -> bool:
        return self.long > self.short


@dataclass
class Region:
    """Paddings that meet and the places that are shortened with them.

    `places` holds no constants; `constants` maps (node, place of the input) to the axes to cut.
    `problem` is set when something in the region cannot be shortened at all.
    """

    pads: dict[ir.Node, Padding] = field(default_factory=dict)
    places: set[Place] = field(default_factory=set)
    constants: dict[tuple[ir.Node, int], set[int]] = field(default_factory=dict)
    nodes: dict[ir.Node, Links] = field(default_factory=dict)
    problem: str | None = None

    @staticmethod
    def padding(node: ir.Node, elements: Elements) -> Padding | None:
        """What a Pad does, if it adds rows at the end of one axis only, by constant numbers."""
        if not is_onnx(node) or node.op_type != "Pad" or node.inputs[0] is None:
            return None
        shape = elements.shape(node.inputs[0])
        given = None if shape is None else padding_of(node, elements.facts, len(shape))
        if shape is None or given is None:
            return None
        before, after = given
        axes = [a for a, n in enumerate(after) if n]
        if any(before) or len(axes) != 1 or after[axes[0]] < 1:
            return None
        short = shape[axes[0]]
        fill = (
            elements.whole.of(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] is not None else 0.0
        )
        if not isinstance(short, int) or fill is None:
            return None
        return Padding(axes[0], short, short + after[axes[0]], float(np.ravel(fill)[0]))

    @property
    def is_chunk(self) -> bool:
        """Whether the padding may be one to a chunk: nothing slides a window over it."""
        return not any(node.op_type in WINDOWS for node in self.nodes)

    @classmethod
    def around(cls, start: ir.Node, elements: Elements) -> Region:
        """The region of one Pad."""
        region, graph = cls(), start.graph
        waiting: list[Place] = []

        def take(place: Place) -> None:
            if place not in region.places:
                region.places.add(place)
                waiting.append(place)

        def add_pad(node: ir.Node) -> bool:
            padding = cls.padding(node, elements)
            if padding is None:
                return False
            region.pads[node] = padding
            take((node.outputs[0], padding.axis))
            return True

        add_pad(start)
        while waiting:
            value, axis = waiting.pop()
            maker = value.producer()
            if maker is None:
                region.problem = region.problem or f"it meets '{value.name}', an input that is not padded"
                continue
            if value.is_graph_output():
                region.problem = region.problem or f"its padded rows reach the output '{value.name}'"
            for node in (maker, *(use.node for use in value.uses())):
                if node.graph is not graph:
                    region.problem = region.problem or f"a body of If, Loop or Scan reads '{value.name}'"
                    continue
                if node not in region.nodes:
                    region.nodes[node] = links(node, elements.facts)
                if node is maker and any(place == (value, axis) for place, _ in region.nodes[node].mixed):
                    padding = cls.padding(node, elements)
                    if padding is not None and padding.axis == axis and node not in region.pads:
                        add_pad(node)
                for group in region.nodes[node].groups:
                    if (value, axis) in group:
                        for other in group:
                            if elements.is_constant(other[0]):
                                _constant(region, node, other)
                            else:
                                take(other)
        return region


def _constant(region: Region, node: ir.Node, place: Place) -> None:
    for index, value in enumerate(node.inputs):
        if value is place[0]:
            region.constants.setdefault((node, index), set()).add(place[1])
