"""Transposes between an image and rows of channels, which move nothing: the MAC array keeps the channels of an image
side by side, as rows of channels lie.

    Conv -> [Reshape] -> Transpose           [N,C,H,W] or [N,C,L] to [N,..,C]: where it is
    Transpose -> [Reshape] -> Conv, pooling  [N,..,C] to [N,C,H,W] or [N,C,L]: its reader takes it where it is

Intel's schedules have no task for these (SegFormer at 28 and 56 pixels, a Conformer's convolutions at 256 frames, the
patches of a ViT, on NPU 3720, 4000 and 5010)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from npusim.compiler.fuse.drain_path import TO_LAST
from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.graph import Graph, Node
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacWork, Work

CONVOLUTIONS = ("Conv", "FusedConv", "NhwcFusedConv", "QLinearConv", "ConvTranspose")
GLOBAL_POOLS = ("GlobalMaxPool", "GlobalAveragePool")
POOLS = ("MaxPool", "AveragePool", *GLOBAL_POOLS)
PASSES = ("Add", "Mul", "Sub")
RESHAPES = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")
IMAGE_AXES = 4
#: By rank: the order that puts the channels behind the batch.
TO_FIRST = {3: (0, 2, 1), 4: (0, 3, 1, 2)}


BOXES_LAST = (0, 3, 4, 1, 2)  # of [N,boxes,numbers,H,W]
KERNELS = ("Sigmoid", "HardSigmoid", "Swish", "HardSwish", "Tanh", "Exp", "Softplus")


def turns_list(node: Node) -> bool:
    """Whether a Transpose turns [N,C,L] to [N,L,C]."""
    return node.op_type == "Transpose" and tuple(node.attribute("perm") or ()) == TO_FIRST[3]


class ImageOrder:
    """Which images of a graph have their channels side by side. `root`: the tensor that has the bytes of another."""

    def __init__(self, graph: Graph, root: Callable[[str], str]) -> None:
        self.graph = graph
        self.root = root
        self.channels_last: set[str] = set()  # as the MAC array makes them
        self.from_array: set[str] = set()  # what a pass of the MAC array writes, in any order
        self.planes: set[str] = (
            set()
        )  # these of four axes, and what all but products make of them: rows and columns
        self.side_by_side: set[str] = set()  # images whose channels are so, whoever made them
        # Their pixels in one list, and what is made of it (npusim.compiler.layouts.pixel_lists).
        self.lists: set[str] = set()
        self.listed_rows: set[str] = set()  # images as rows of channels, or of parts of them, in one list
        self.turned_lists = {n.inputs[0] for n in graph.nodes if turns_list(n)}
        turned = {n.outputs[0] for n in graph.nodes if n.op_type == "Transpose"}
        self.readers: dict[str, list[Node]] = {}  # of Transposes, of what these are seen as, and of scales
        turned.update(n.outputs[0] for n in graph.nodes if turned and n.op_type == "Mul")
        for node in graph.nodes if turned else ():
            for name in node.inputs:
                if name in turned:
                    self.readers.setdefault(name, []).append(node)
                    if node.op_type in RESHAPES:
                        turned.add(node.outputs[0])

    def note(self, node: Node, reads: Iterable[str], engine: str, steps: tuple[Work, ...]) -> None:
        """Note what a convolution makes on the MAC array, or what a pass there makes of such an image."""
        if steps and isinstance(steps[-1], MacWork):
            self.from_array.update(node.outputs)
        if node.op_type not in PRODUCTS and not self.planes.isdisjoint(reads):
            self.planes.update(n for n in node.outputs if n and self._rows_and_columns(n))
        self._note_lists(node, list(reads))
        if engine != "mac_array":
            return
        passes = node.op_type in (*POOLS, *PASSES) and not self.channels_last.isdisjoint(reads)
        made = self.graph.values.get(node.outputs[0]) if node.op_type in CONVOLUTIONS or passes else None
        if made is not None and len(made.shape) in TO_LAST:
            self.channels_last.add(made.name)
            self.side_by_side.add(made.name)
            if self._rows_and_columns(made.name):
                self.planes.add(made.name)

    def _note_joined(self, node: Node, whole: list[str]) -> None:
        """Note what images are joined to: along their channels, their pixels, or their rows of channels."""
        values, result = self.graph.values, node.outputs[0]
        shape = values[result].shape
        axis, image = int(node.attribute("axis", 1)) % len(shape), len(shape) == IMAGE_AXES
        if axis == 1 and not image and result in self.turned_lists:
            self.lists.add(result)
        elif not self.side_by_side.issuperset(whole):
            return
        elif axis == 1 and image:
            self.side_by_side.add(result)
        elif len(whole) > 1 and not image:
            images = [values[n].shape for n in whole]
            if axis == 2 and all(s[:2] == shape[:2] for s in images):
                self.lists.add(result)
            if axis == 1 and all(len(s) == IMAGE_AXES and s[1] > 1 and s[1] % shape[2] == 0 for s in images):
                self.listed_rows.add(result)

    def _note_lists(self, node: Node, reads: list[str]) -> None:
        """Note what becomes of images whose channels lie side by side: joined channels, element by element, and their
        pixels in one list."""
        values, result = self.graph.values, node.outputs[0]
        if not result:  # an output nobody wants: a recurrence's
            return
        shape = values[result].shape
        whole = [self.root(n) for n in node.inputs if n and not values[n].constant]
        alike = [n for n in reads if n in self.side_by_side or n in self.lists]
        if not alike or len(shape) not in TO_LAST:
            return
        if node.op_type == "Concat":
            self._note_joined(node, whole)
        elif len(reads) == 1 and node.op_type in KERNELS and values[reads[0]].shape == shape:
            (self.lists if reads[0] in self.lists else self.side_by_side).add(result)

    def multiplies_planes(self, node: Node) -> bool:
        """Whether a node multiplies two images of one size whose channels lie side by side, in whole sixteens: others
        are a kernel's (106 of 106 images of 3 to 768 channels in Intel's schedules of NPU 5010)."""
        names = [n for n in node.inputs if n]
        if node.op_type != "Mul" or len(names) != 2 or not self._rows_and_columns(node.outputs[0]):
            return False
        shape = self.graph.values[node.outputs[0]].shape
        if shape[1] % CHANNEL_BLOCK:
            return False
        return all(self.graph.values[n].shape == shape and self.root(n) in self.planes for n in names)

    def cut(self, name: str, whole: str) -> None:
        """Note a part of an image as one."""
        if whole in self.planes and self._rows_and_columns(name):
            self.planes.add(name)
        for images in (self.side_by_side, self.lists):
            if whole in images and len(self.graph.values[name].shape) == len(self.graph.values[whole].shape):
                images.add(name)

    def _rows_and_columns(self, name: str) -> bool:
        shape = self.graph.values[name].shape
        return len(shape) == IMAGE_AXES and sum(n > 1 for n in shape) == IMAGE_AXES - 1

    def same_form(self, source: str, name: str) -> bool:
        """Whether `name`, a Transpose of `source` that moves nothing, has its rows and columns: of an image turned to
        rows of channels, or of what is no product turned to an image."""
        return self.root(source) in self.planes and self._rows_and_columns(name)

    def seen_otherwise(self, node: Node, reads: Iterable[str]) -> frozenset[str]:
        """What a scale behind a product reads in rows, four to a line, that turns to an image: it crosses DDR in front
        of the scale, not behind it (ConvNeXt of 48 to 12 pixels in Intel's schedules of all NPUs)."""
        behind = self.readers.get(node.outputs[0], ()) if node.op_type == "Mul" else ()
        turns = behind and all(tuple(r.attribute("perm") or ()) == TO_FIRST[IMAGE_AXES] for r in behind)
        if not turns or not self._rows_and_columns(node.outputs[0]) or not self.planes.isdisjoint(reads):
            return frozenset()
        self.planes.add(node.outputs[0])
        return frozenset(reads)

    def moves_nothing(self, node: Node) -> bool:
        """Whether a Transpose puts the channels of an image, or rows of channels, where they are."""
        if node.op_type != "Transpose":
            return False
        perm, source = tuple(node.attribute("perm") or ()), self.root(node.inputs[0])
        if source in self.lists:
            values = self.graph.values
            return turns_list(node) and values[source].shape == values[node.inputs[0]].shape
        if perm == BOXES_LAST and source in self.side_by_side:
            made, seen = (self.graph.values[n].shape for n in (source, node.inputs[0]))
            return (*made[:1], *made[2:]) == (*seen[:1], *seen[3:])
        if source in self.channels_last:
            return perm == TO_LAST.get(len(perm)) and self._seen_as(source, node.inputs[0])
        result = node.outputs[0]
        return perm == TO_FIRST.get(len(perm)) and self._taken(result, result, source in self.from_array)

    def _seen_as(self, image: str, name: str) -> bool:
        """Whether `name` is the image, or the image with its rows in one line."""
        made, seen = (self.graph.values[n].shape for n in (image, name))
        return seen[:2] == made[:2]

    def _taken(self, name: str, turned: str, written: bool) -> bool:
        """Whether all that read a turned tensor, seen as an image of as many channels, are convolutions or poolings, or
        passes beside such an image; an image may leave the graph if a pass of the MAC array has `written` it."""
        if not self._seen_as(turned, name):
            return False
        if name in self.graph.outputs:
            return written and name not in self.readers and self._rows_and_columns(name)
        behind = self.readers.get(name, ())
        return bool(behind) and all(self._takes(reader, name, turned, written) for reader in behind)

    def _takes(self, reader: Node, name: str, turned: str, written: bool) -> bool:
        if reader.op_type in RESHAPES:
            return self._taken(reader.outputs[0], turned, written)
        if self._scales(reader, name):
            return self._taken(reader.outputs[0], turned, written)
        if reader.op_type in PASSES:
            return any(self.root(n) in self.channels_last for n in reader.inputs if n != name)
        return reader.op_type in (*CONVOLUTIONS, *POOLS) and reader.inputs[0] == name

    def _scales(self, reader: Node, name: str) -> bool:
        """Whether a Mul scales each channel of an image by a number: that of a ConvNeXt behind its Transpose, which
        has no task in Intel's schedules (two blocks of 160 to 384 channels on 12 to 32 pixels, three NPUs)."""
        if reader.op_type != "Mul" or len(reader.inputs) != 2:
            return False
        other = self.graph.values[next((n for n in reader.inputs if n != name), name)]
        channels = self.graph.values[name].shape[1]
        return other.constant and other.elements == channels and other.shape[-2:] == (1, 1)
