"""Images and operands that lie otherwise than their first reader wants: passes and transfers that lay them out anew."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.cutting.split import PIXELS_AT_ONCE, ceil_to
from npusim.compiler.layouts.crossing_share import share_copied
from npusim.compiler.layouts.filled_images import (
    COPIED_BEHIND,
    filled_in_ddr,
    fills_both,
    fills_later,
    two_change,
)
from npusim.compiler.layouts.image_columns import crosses
from npusim.compiler.layouts.images import IMAGE_RANKS, reads_image
from npusim.compiler.layouts.one_channel import expanded
from npusim.compiler.layouts.operand_turns import by_transfers, passes_of, turned_as
from npusim.compiler.layouts.orders import Orders
from npusim.compiler.layouts.pixels import pixels_cross
from npusim.compiler.layouts.pooled_edges import edges_made
from npusim.compiler.layouts.pooled_images import POOLINGS, image_crosses
from npusim.compiler.lowering.filled_lines import (
    LINE_COLUMNS,
    fill_line,
    fills_line,
    pads_a_line,
    pooled_in_columns,
    spread_line,
)
from npusim.compiler.lowering.laid_anew import permuted, transferred, whole
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.relaid import LOADED_TURNED
from npusim.compiler.sharing.distribution import IMAGE, SLABS, image_leaves, padded_width
from npusim.graph import DType, Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, one_tap
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.work import EVERY_TILE, MacOp, MacWork, MoveWork, Work

#: What is pooled of a line to so few bytes is made over channels on NPU 3720 (Intel's schedules: 126,336 and less, not
#: 128,000 and more).
FEW_POOLED_BYTES = 128_000
#: What the DMA turns, and to what.
BATCH = "images of a batch whose pixels are no whole sixteens are turned to channels last"
UNEVEN = "a product's right side whose columns are no whole sixteens is turned to rows of terms"


class Layouts(Orders):
    """Steps to put in front of readers that want a tensor in another order."""

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
        first = self._filled_first(reader, value)
        if self.fills(reader, value) or first == "channels":
            wide = turned = ceil_to(channels, CHANNEL_BLOCK)
            kept = (batch, wide, *value.shape[2:])
            source = self._copied(name, kept, added)
        columns = width if self._by_law_as_it_lies(reader) else padded_width(height, width)
        if scheduled and fills_both(value, reader.steps[0], not pads):
            columns = ceil_to(width, PIXELS_AT_ONCE)
        if len(value.shape) == 4 and columns != width:
            if batch > 1 and name not in self.called:
                self._laid_out(name, value, kept)
                return [*added, self._by_transfers(source, self.turned[name])]
            width = columns
            source = self._padded(name, (batch, channels, height, width), added, first == "columns")
        signal = reader.lowering == "scale_shift" and len(value.shape) == 3
        if signal and height % PIXELS_AT_ONCE and batch == 1:
            source = self._copied(name, (batch, channels, ceil_to(height, PIXELS_AT_ONCE)), added)
        even = channels % CHANNEL_BLOCK == 0 and height % PIXELS_AT_ONCE
        if len(value.shape) == 3 and even and reader.node.op_type in POOLINGS:
            spreads = pooled_in_columns(height, reader.steps[0])
            return self._line_turned(name, value) if spreads else [self._line_loaded(name, value, reader)]
        fills = (
            reader.lowering not in WINDOW_LIMITS
            and not pads_a_line(reader.node, reader.steps[0])
            and (batch == 1 or self.generation not in self.profile.memory.lines_at_once)
        )
        if fills and fills_line(value, reader.node.op_type, None if pads else reader.steps[0]):
            kept = (batch, ceil_to(channels, CHANNEL_BLOCK), height)
            few = reader.node.op_type == "MaxPool" and pooled_in_columns(height, reader.steps[0])
            room, columns = self.tiles * self.placer.tile_bytes, LINE_COLUMNS if few else CHANNEL_BLOCK
            works = fill_line(value, room, columns, self._by_law(reader))
            self._laid_out(name, value, kept)
            return [self._pass(name, name, works, SLABS)]
        if self._by_law(reader) and name in self.inputs:
            shares = source == name or signal or not self._by_law_as_it_lies(reader)
            edges = edges_made(source, self.values, reader)
            source = edges[-1].writes[0] if edges else source
            room = self.tiles * self.placer.tile_bytes
            around = self.generation in self.profile.memory.rows_around
            crossed = share_copied(source, value, wide, self.values, room, reader, around) if shares else []
            added += [*edges, *crossed]
            source = added[-1].writes[0] if added else source
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

    def _line_loaded(self, name: str, value: Value, reader: Placed) -> Placed:
        """Such a line that transfers turn as it is loaded; by a copy in front of what pools its edges apart. On NPU
        3720 short ones are shared over channels, and turned in one tile first (128 x 1,000 by four; not 128 x 1,001
        by two, of which each tile loads its rows); by law any are."""
        self._laid_out(name, value, value.shape)
        step = self._by_transfers(name, self.turned[name])
        if reader.node.op_type == "AveragePool" and any(reader.node.attribute("pads", ())):
            return step
        few = self.values[reader.writes[0]].npu_bytes < FEW_POOLED_BYTES or self._by_law(reader)
        works: tuple[Work, ...] = (MoveWork(value.npu_bytes, "ddr", "scratchpad"),)
        if few and self.generation not in self.profile.memory.rows_around:
            works = (*works, MoveWork(value.npu_bytes, "scratchpad", "scratchpad"))
        why = "a line whose places are no whole sixteens is turned as it is loaded"
        return step._replace(lowering=LOADED_TURNED, steps=works, reason=why)

    def _operand_turned(self, name: str, value: Value, reader: Placed) -> Placed:
        """The right side of a product to rows of terms."""
        self._laid_out(name, value, value.shape)
        by_law = self.generation in self.profile.memory.operands_in_strips
        if not by_law and name in self.inputs and by_transfers(reader, value, self.tiles):
            return self._by_transfers(name, self.turned[name], UNEVEN, value.elements)
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

    def _by_transfers(self, name: str, out: str, what: str = BATCH, elements: float = 0) -> Placed:
        """A turn by the DMA (`what` says of what), image by image, or by way of a tile where `elements` are counted."""
        node = Node(f"{name}/layout", "MemPermute", (name,), (out,))
        work = MoveWork(self.values[out].npu_bytes, elements=elements)
        sharing = "" if elements else IMAGE
        step = transferred(node, work, f"{what} by transfers")
        return step._replace(lowering="dma_permute", sharing=sharing)

    def _wide(self, name: str) -> bool:
        """Whether the rows of an image were padded for the pass that turns it."""
        return f"{name}/padded" in self.values

    def _filled_first(self, reader: Placed, value: Value) -> str:
        """What of an image of the graph is filled up in DDR before the pass turns it (`filled_in_ddr`)."""
        copies = self.generation in self.profile.memory.padded_by_copy
        if copies or self._by_law(reader) or not self._as_scheduled(reader) or self.folds(reader, value):
            return ""
        return filled_in_ddr(value, reader.steps[0], self.tiles * self.placer.tile_bytes)

    def _padded(self, name: str, shape: tuple[int, ...], added: list[Placed], copies: bool = False) -> str:
        """An image with rows of whole sixteens: as it is loaded, or by a copy."""
        value = self.values[name]
        out = f"{name}/padded"
        self.values[out] = replace(value, name=out, shape=shape)
        copies = copies or self.generation in self.profile.memory.padded_by_copy
        if name in self.inputs and not copies:
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
        leaves = isinstance(work, MacWork) and image_leaves(
            work, height, width, self.tiles, around, value.shape[0]
        )
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
