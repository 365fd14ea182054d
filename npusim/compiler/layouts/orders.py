"""Which tensors lie otherwise than their readers want them."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from npusim.compiler.cutting.split import weight_bytes
from npusim.compiler.layouts.image_columns import folds
from npusim.compiler.layouts.images import IMAGE_RANKS, is_image, reads_image
from npusim.compiler.layouts.images_in_turn import fills_channels
from npusim.compiler.layouts.one_channel import one_line
from npusim.compiler.layouts.planar_wholes import is_planar, joins_channels
from npusim.compiler.layouts.pooled_images import POOLINGS
from npusim.compiler.layouts.windows import cut_into_windows
from npusim.compiler.lowering.lone_images import stands_alone
from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.compiler.lowering.moved_inside import FILLED
from npusim.compiler.lowering.neighbours import reading_nodes
from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.place import Placed, Placer
from npusim.compiler.rules.profile import CompilerProfile
from npusim.compiler.sharing.distribution import IMAGE_OPS
from npusim.graph import DType, Graph, Node, Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.ops.structure import shuffles
from npusim.work import MacOp, MacWork, VectorWork

IMAGE_RANK = 4  # [N,C,H,W]
RIGHT_SIDED = ("MatMul", "FusedMatMul", "Gemm")
NORMS = ("InstanceNormalization", "MeanVarianceNormalization")
#: Of a group that is normalised: 25 KB whole, 64 KB in parts (bit_224, image_decoder_64).
LONG_ROW_BYTES = 32_768


def wants_rows_of_terms(node: Node) -> bool:
    """Whether a product multiplies a right side that a graph stores as [terms, columns]: its array wants the other
    order, so a Gemm's is turned as a MatMul's is, unless it comes transposed (`transB`)."""
    return node.op_type in RIGHT_SIDED and not node.attribute("transB", 0)


class Orders:
    """How tensors lie where a step reads them, and how it wants them."""

    def __init__(
        self, graph: Graph, placer: Placer, profile: CompilerProfile, generation: str, tiles: int
    ) -> None:
        self.tiles = tiles
        self.padded: set[str] = set()  # inputs of the graph as they are loaded, with padding
        self.graph = graph
        self.placer = placer
        self.profile = profile
        self.generation = generation
        self.values = dict(graph.values)
        self.inputs = frozenset(graph.inputs)
        self.graph_outputs = frozenset(graph.outputs)
        floats = (n for n in graph.inputs if self.values[n].dtype is DType.FLOAT)
        self.waiting = {n for n in floats if self.values[n].elements}
        self.converted: dict[str, str] = {}
        self.turned: dict[str, str] = {}
        self.turned_back: set[str] = set()  # turned for a scale, whose result lies as the tensor did
        self.made_by: dict[str, Placed] = {}
        self.called: set[str] = set()  # batches that are copied for calls of one image each

    def to_turn(self, step: Placed) -> str | None:
        """The input that the step's MAC work wants in another order than it arrives in."""
        work = step.steps[0] if step.steps else None
        if self._moves_pixels(step):
            name = step.reads[0]
            return name if is_image(self.values[name]) and self._from_outside(name) else None
        if not isinstance(work, MacWork) or not step.reads:
            return None
        if reads_image(step, self.values):
            # turned keys are scaled as they lie
            if step.node.inputs[0] in self.placer.absorbed:
                return None
            name = step.reads[0]
            scales = step.lowering in ("scale_shift", "stepped")
            ranks = IMAGE_RANKS if step.node.op_type in IMAGE_OPS or scales else (4,)
            seen = self._seen(name, step)
            grouped = seen.shape[:2] != self.values[name].shape[:2] and self._by_groups(name)
            line = self.profile.memory.as_scheduled and one_line(seen, step)
            turns = line or is_image(seen, ranks)
            return name if turns and (grouped or self._from_outside(name)) else None
        if (
            work.op == MacOp.CONVOLUTION
            and step.fixed_bytes < weight_bytes(work)
            and len(step.node.inputs) > 1
        ):
            source = step.node.inputs[1]
            name = self.placer.root(source)
            name = self.converted.get(name, name)
            if source in self.placer.absorbed or not wants_rows_of_terms(step.node):
                return None
            wanted = work.out_c > 1 and work.in_c > 1 and name in step.reads
            return name if wanted and (self._from_outside(name) or self._leaves(name)) else None
        return None

    def _by_law(self, reader: Placed) -> bool:
        strips = self.generation in self.profile.memory.turns_in_strips
        return strips and stands_alone(reader, self.graph_outputs)

    def _by_law_as_it_lies(self, reader: Placed) -> bool:
        """Whether an image is turned as it lies because laws of size hold for it: not a lone one whose channels fill no
        sixteens, which is filled up as Intel's compiler does, whatever its size."""
        image = self.values[reader.node.inputs[0]].shape if reader.node.inputs else ()
        uneven = len(image) == IMAGE_RANK and image[0] == 1 and image[1] % CHANNEL_BLOCK > 0
        return self._by_law(reader) and not uneven

    def _as_scheduled(self, reader: Placed) -> bool:
        return self.profile.memory.as_scheduled and not self._by_law_as_it_lies(reader)

    @cached_property
    def readers(self) -> dict[str, list[Node]]:
        return reading_nodes(self.graph)

    def _moves_pixels(self, step: Placed | None) -> bool:
        """Whether a step takes pixels from channels by transfers, which lie side by side for it."""
        if step is None or step.node.op_type != "DepthToSpace":
            return False
        kernel = step.lowering == "dsp" and self.values[step.writes[0]].shape[1] > 1
        return (kernel or step.lowering == "dma") and self.profile.relayout_by_pass

    def _seen(self, name: str, step: Placed) -> Value:
        """A tensor in the shape in which a step that reads images sees it."""
        value, first = self.values[name], self.values.get(step.node.inputs[0])
        if step.lowering == "scale_shift" and len(value.shape) == 2:
            return replace(
                value, shape=(1, *value.shape)
            )  # a signal, as [N,C,L] (Intel's schedules of 40 x 1,000)
        if first is None or name != step.reads[0] or first.elements != value.elements:
            return value
        return value if first.shape == value.shape else replace(value, shape=first.shape)

    def _by_groups(self, name: str) -> bool:
        """Whether a normalisation of groups of channels wrote it group by group. (Of longer rows Intel's compiler takes
        moments of parts, as the image lies: MVN1SumOp, MVN1MeanVar, MVN1Normalize in its schedules.)"""
        maker = self.made_by.get(name)
        return maker is not None and maker.node.op_type in NORMS and self._in_groups(maker)

    def _in_groups(self, norm: Placed) -> bool:
        value = self.values[norm.writes[0]]
        if len(value.shape) != 3 or not norm.reads:
            return False
        source = self.made_by.get(norm.reads[0])
        long = value.shape[2] * value.dtype.npu_bytes > LONG_ROW_BYTES
        return not (long and source is not None and source.engine == "mac_array")

    def folds(self, reader: Placed, image: Value) -> bool:
        """Whether the columns of an image are folded into channels for `reader`."""
        leaves = not self.graph_outputs.isdisjoint(reader.writes)
        here = self.generation in self.profile.folds_images
        # Images that lie one a tile are one op, whose bytes are those of both: 3 to 32 channels of 160 x 160 by 3 x 3
        # at a stride of 2 are folded, of 128 and 112, and 16 of 144, are filled up.
        each = self.generation in self.profile.memory.images_on_tiles and reader.images == self.tiles
        return here and folds(reader, image, leaves, self.placer.tile_bytes / (reader.images if each else 1))

    def fills(self, reader: Placed, images: Value) -> bool:
        """Whether images of a batch are copied with sixteen channels for `reader`."""
        here = self.generation in self.profile.memory.images_in_turn and not self.folds(reader, images)
        # What each window sees is turned, and filled up as it is; one channel lies either way.
        if cut_into_windows(reader) and images.shape[1] > 1:
            return False
        pools = reader.node.op_type in POOLINGS and self.profile.memory.as_scheduled
        by_transfers = self._as_scheduled(reader)
        return here and fills_channels(reader, images, self.graph_outputs, by_transfers, pools)

    def _from_outside(self, name: str) -> bool:
        """Whether a tensor lies as the graph's caller (or a join of such tensors) wrote it."""
        edge = edge_of(name, self.placer.part_of)
        if edge in self.inputs:
            return True
        maker = self.made_by.get(edge)
        if maker is None:
            return False
        if maker.node.op_type == "Convert" or shuffles(maker.node):
            return True
        if maker.node.op_type in NORMS and maker.engine == "dsp":  # plane by plane, as they came
            return self._from_outside(maker.reads[0])
        if self.profile.memory.as_scheduled and joins_channels(maker, self.values):
            return self._joins_planes(maker)
        if self.profile.memory.as_scheduled and self._made_of_planes(maker):
            return True
        return maker.engine in ("none", "dma") and bool(maker.reads) and self._from_outside(maker.reads[0])

    def _joins_planes(self, step: Placed) -> bool:
        """Whether the whole of a Concat of channels lies plane by plane."""
        readers = len(self.readers.get(step.node.outputs[0], ()))
        return is_planar(step, readers, self.made_by, self.values, self._from_outside)

    def _made_of_planes(self, step: Placed) -> bool:
        """Whether a kernel works on planes element by element: what it makes lies so, too."""
        image = self.values[step.writes[0]] if step.writes else None
        if step.engine != "dsp" or image is None or not is_image(image):
            return False
        if not isinstance(step.only, VectorWork) or step.only.rows > 1:
            return False
        alike = [n for n in step.reads if self.values[n].shape == image.shape]
        return any(self._from_outside(n) for n in alike)

    def _leaves(self, name: str) -> bool:
        """Whether a tensor made inside lies as the graph's caller reads it, too, or is copies of such a one: the values
        that a prompt leaves in its cache are turned once more for their product (`rhs_transpose`, `transpose_in` of
        layers on 256 to 1,024 tokens in Intel's schedules)."""
        maker = self.made_by.get(name)
        if not self.profile.memory.natural_cuts or maker is None or len(self.values[name].shape) < 4:
            return False
        written = maker.reads[0] if maker.lowering == FILLED and maker.reads else name
        source = self.made_by.get(written)
        if source is None or source.node.op_type not in (*PRODUCTS, "Transpose"):
            return False  # a state that was added to has rules of its own
        return any(self.placer.root(n) == written for n in self.graph_outputs)
