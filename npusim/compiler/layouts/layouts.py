"""Images and operands that lie otherwise than their first reader wants: passes and transfers that lay them out anew."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from npusim.compiler.cutting.split import PIXELS_AT_ONCE, ceil_to, weight_bytes
from npusim.compiler.layouts.crossing_share import share_copied
from npusim.compiler.layouts.filled_images import COPIED_BEHIND, fills_both, fills_later, two_change
from npusim.compiler.layouts.image_columns import crosses, folds
from npusim.compiler.layouts.images import IMAGE_RANKS, is_image, reads_image
from npusim.compiler.layouts.images_in_turn import fills_channels
from npusim.compiler.layouts.one_channel import expanded, one_line
from npusim.compiler.layouts.operand_turns import passes_of, turned_as
from npusim.compiler.layouts.pixels import pixels_cross
from npusim.compiler.layouts.pooled_images import image_crosses
from npusim.compiler.lowering.laid_anew import permuted, whole
from npusim.compiler.lowering.lone_images import stands_alone
from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.compiler.lowering.moved_inside import FILLED
from npusim.compiler.lowering.neighbours import reading_nodes
from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.place import Placed, Placer
from npusim.compiler.lowering.relaid import fill_line, fills_line, spread_line
from npusim.compiler.rules.profile import CompilerProfile
from npusim.compiler.sharing.distribution import IMAGE, IMAGE_OPS, SLABS, image_leaves, padded_width
from npusim.graph import DType, Graph, Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, one_tap
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.ops.structure import shuffles
from npusim.work import EVERY_TILE, MacOp, MacWork, MoveWork, Work

#: Lines of so many bytes are turned at once whatever their places (Intel's schedules of poolings: 64 x 1,000 and 256 x
#: 300, not 96 and 128 x 1,000, 32 x 5,000); a law of doubling does not allow it.
SHORT_LINE_BYTES = 160_000
POOLED = ("MaxPool", "AveragePool")
NORMS = ("InstanceNormalization", "MeanVarianceNormalization")
#: Of a group that is normalised: 25 KB whole, 64 KB in parts (bit_224, image_decoder_64).
LONG_ROW_BYTES = 32_768


class Layouts:
    """Steps to put in front of readers that want a tensor in another order."""

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
            line = self._as_scheduled(step) and one_line(seen, step)
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
            if source in self.placer.absorbed or step.node.op_type not in ("MatMul", "FusedMatMul"):
                return None
            wanted = work.out_c > 1 and work.in_c > 1 and name in step.reads
            return name if wanted and (self._from_outside(name) or self._leaves(name)) else None
        return None

    def _by_law(self, reader: Placed) -> bool:
        strips = self.generation in self.profile.memory.turns_in_strips
        return strips and stands_alone(reader, self.graph_outputs)

    def _as_scheduled(self, reader: Placed) -> bool:
        return self.profile.memory.as_scheduled and not self._by_law(reader)

    @cached_property
    def readers(self) -> dict[str, list[Node]]:
        return reading_nodes(self.graph)

    def _moves_pixels(self, step: Placed | None) -> bool:
        """Whether a step takes pixels from channels by transfers, which lie side by side for it."""
        moves = step is not None and step.node.op_type == "DepthToSpace" and step.lowering == "dma"
        return moves and self.profile.relayout_by_pass

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
        return here and folds(reader, image, leaves, self.placer.tile_bytes)

    def fills(self, reader: Placed, images: Value) -> bool:
        """Whether images of a batch are copied with sixteen channels for `reader`."""
        here = self.generation in self.profile.memory.images_in_turn and not self.folds(reader, images)
        return here and fills_channels(reader, images, self.graph_outputs)

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
        return maker.engine in ("none", "dma") and bool(maker.reads) and self._from_outside(maker.reads[0])

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

    def layout(self, name: str, reader: Placed) -> list[Placed]:
        """The pass that turns `name` for its first reader, behind the copy that pads its rows."""
        self.turned[name] = f"{name}/turned"
        image = reads_image(reader, self.values)
        value = self._seen(name, reader) if image else self.values[name]
        if image and len(value.shape) in IMAGE_RANKS:
            return self._image_turned(name, value, reader)
        return [self._operand_turned(name, value, reader)]

    def _image_turned(self, name: str, value: Value, reader: Placed) -> list[Placed]:
        """[N,C,H,W] or [N,C,L] to channels last; few channels become 16 on some generations."""
        batch, channels, height, width = (*value.shape, 1)[:4]
        pads, scheduled = self.generation in self.profile.pads_images, self._as_scheduled(reader)
        if channels == 1 and len(value.shape) == 3:
            self._laid_out(name, value, (batch, CHANNEL_BLOCK, height))
            return [expanded(name, self.values[self.turned[name]], pads)]
        wide = channels
        if reader.lowering == "scale_shift":  # a depthwise convolution takes whole sixteens
            wide = ceil_to(channels, CHANNEL_BLOCK)
        elif pads and not self.folds(reader, value):
            wide = max(channels, CHANNEL_BLOCK)
        kept, added, source = (batch, wide, *value.shape[2:]), list[Placed](), name
        # by law the last of strips may be short
        turned = channels
        if self.fills(reader, value):
            wide = turned = ceil_to(channels, CHANNEL_BLOCK)
            kept = (batch, wide, *value.shape[2:])
            source = self._copied(name, kept, added)
        columns = width if self._by_law(reader) else padded_width(height, width)
        if scheduled and fills_both(value, reader.steps[0], not pads):
            columns = ceil_to(width, PIXELS_AT_ONCE)
        if len(value.shape) == 4 and columns != width:
            if batch > 1 and name not in self.called:
                self._laid_out(name, value, kept)
                return [*added, self._by_transfers(source, self.turned[name])]
            width = columns
            source = self._padded(name, (batch, channels, height, width), added)
        signal = reader.lowering == "scale_shift" and len(value.shape) == 3
        if signal and height % PIXELS_AT_ONCE and batch == 1:
            source = self._copied(name, (batch, channels, ceil_to(height, PIXELS_AT_ONCE)), added)
        even = channels % CHANNEL_BLOCK == 0 and height % PIXELS_AT_ONCE
        short = scheduled and value.npu_bytes <= SHORT_LINE_BYTES
        if len(value.shape) == 3 and even and reader.node.op_type in POOLED and not short:
            return self._line_turned(name, value)
        fills = scheduled and reader.lowering not in WINDOW_LIMITS
        if fills and fills_line(value, reader.node.op_type, None if pads else reader.steps[0]):
            kept = (batch, ceil_to(channels, CHANNEL_BLOCK), height)
            works = fill_line(value, self.tiles * self.placer.tile_bytes)
            self._laid_out(name, value, kept)
            return [self._pass(name, name, works, SLABS)]
        if self._by_law(reader) and source == name and name in self.inputs:
            added += share_copied(value, wide, self.values, self.tiles * self.placer.tile_bytes, reader)
            source = added[-1].writes[0] if added else name
        shape = (batch * height, width, turned)
        sharing = self._shared(reader, value)
        self._laid_out(name, value, kept)
        works = (self._turn(MacOp.PERMUTE_IMAGE, source, value, shape),)
        if sharing == COPIED_BEHIND:
            works, sharing = (*works, MoveWork(value.npu_bytes, "ddr", "ddr")), SLABS
        return [*added, self._pass(name, source, works, sharing)]

    def _line_turned(self, name: str, value: Value) -> list[Placed]:
        """A line whose places are no whole sixteens, for a pooling: copied, spread out by a convolution to four columns
        in DDR, which are turned, and one of them is kept (`expand_nhwc` of 128 channels of 1,000 in Intel's schedules:
        1 MB there for 0.26)."""
        source = f"{name}/padded"
        self.values[source] = replace(value, name=source)
        why = "a line whose places are no whole sixteens is copied"
        copied = whole(Node(source, "Pad", (name,), (source,)), self.values, why)
        self._laid_out(name, value, value.shape)
        return [copied, self._pass(name, source, spread_line(value), SLABS)]

    def _operand_turned(self, name: str, value: Value, reader: Placed) -> Placed:
        """The right side of a product to rows of terms."""
        self._laid_out(name, value, value.shape)
        turned = turned_as(value.shape, self.tiles, self.generation, self.profile)
        work = self._turn(turned.op, name, value, turned.shape)
        if turned.rows:
            work = replace(work, out_h=turned.rows, in_h=turned.rows)
        if turned.everywhere:
            work = replace(work, write_tiles=EVERY_TILE)
        room = (self.tiles, self.placer.tile_bytes)
        works, sharing = passes_of(reader, value, work, self.generation, self.profile, *room)
        return self._pass(name, name, works, sharing)

    def _laid_out(self, name: str, value: Value, shape: tuple[int, ...]) -> None:
        """Make known what `name` is once it is turned."""
        out = self.turned[name]
        dtype = DType.FLOAT16 if value.dtype is DType.FLOAT else value.dtype
        self.values[out] = replace(value, name=out, dtype=dtype, shape=shape)

    def _turn(self, op: MacOp, source: str, value: Value, shape: tuple[int, ...]) -> MacWork:
        """The pass over `source` in rows, columns and channels; as many rows as its elements fill."""
        _, width, channels = shape
        rows = max(1, self.values[source].elements // max(channels * width, 1))
        size = min(value.dtype.npu_bytes, 2.0)
        return one_tap(op, rows, width, channels, size)

    def _pass(self, name: str, source: str, works: tuple[Work, ...], sharing: str) -> Placed:
        out = (self.turned[name],)
        node = Node(f"{name}/layout", "MemPermute", (source,), out)
        why = "an input of the graph is turned to channels last by a pass of the MAC array"
        return permuted(node, works, why, sharing)

    def _by_transfers(self, name: str, out: str) -> Placed:
        """A batch of images whose pixels are no whole sixteens, turned image by image by the DMA."""
        node = Node(f"{name}/layout", "MemPermute", (name,), (out,))
        why = "images of a batch whose pixels are no whole sixteens are turned to channels last by transfers"
        return whole(node, self.values, why)._replace(lowering="dma_permute", sharing=IMAGE)

    def _wide(self, name: str) -> bool:
        """Whether the rows of an image were padded for the pass that turns it."""
        return f"{name}/padded" in self.values

    def _padded(self, name: str, shape: tuple[int, ...], added: list[Placed]) -> str:
        """An image with rows of whole sixteens: as it is loaded, or by a copy."""
        value = self.values[name]
        out = f"{name}/padded"
        self.values[out] = replace(value, name=out, shape=shape)
        if name in self.inputs and self.generation not in self.profile.memory.padded_by_copy:
            self.padded.add(out)
            return out
        return self._copied(name, shape, added)

    def _copied(self, name: str, shape: tuple[int, ...], added: list[Placed]) -> str:
        """The same, by a copy."""
        out = f"{name}/padded"
        self.values[out] = replace(self.values[name], name=out, shape=shape)
        why = "an image whose pixels are no whole sixteens is copied with padded rows"
        added.append(whole(Node(out, "Pad", (name,), (out,)), self.values, why))
        return out

    def _shared(self, reader: Placed, value: Value) -> str:
        """How an image lies over the tiles when it is turned for `reader`."""
        height, width = (*value.shape[2:], 1)[:2]
        around = self.generation in self.profile.memory.rows_around
        work, scheduled = reader.steps[0], self._as_scheduled(reader)
        leaves = isinstance(work, MacWork) and image_leaves(work, height, width, self.tiles, around)
        if scheduled and self.folds(reader, value):
            room = self.tiles * self.placer.tile_bytes
            leaves = leaves or crosses(reader, self.readers, self.values, self.generation, room)
            if not leaves and self.generation in self.profile.memory.folded_images_pooled:
                leaves = image_crosses(reader, self.readers, self.values, self.tiles)
        few = value.shape[1] < CHANNEL_BLOCK  # 5 x 200 x 200
        if few and not around and scheduled:
            leaves = leaves or (width % PIXELS_AT_ONCE > 0 and not self.folds(reader, value))
        later = self.generation not in self.profile.pads_images
        if scheduled and fills_both(value, work, later):
            return SLABS if not around or two_change(value, work, self.tiles if later else 0) else IMAGE
        if scheduled and later and int(reader.node.attribute("group", 1)) == 1 and fills_later(value, work):
            return COPIED_BEHIND if leaves else SLABS
        if self._moves_pixels(reader):
            made = self.values[reader.writes[0]]
            leaves = pixels_cross(value, made, self.tiles, self.generation, self.profile)
        if reader.lowering == "scale_shift" and len(value.shape) == 3:
            leaves = True  # a signal lies in four rows for it, and is shared over channels
        return SLABS if leaves else IMAGE
