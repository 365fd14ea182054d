"""What a compiler adds where tensors enter and leave the graph: conversions, changes of layout, copies.

float32 becomes fp16 and back; an image that arrives channels-first is turned for its first reader on the MAC array,
and the right side of a product is turned to rows of terms; an output that has no place of its own yet is copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod

from npusim.compiler.distribution import (
    IMAGE,
    IMAGE_OPS,
    PIXELS_AT_ONCE,
    SLABS,
    image_leaves,
    padded_width,
    sharing_of,
)
from npusim.compiler.place import Placed, Placer
from npusim.compiler.profile import CompilerProfile
from npusim.compiler.split import weight_bytes
from npusim.graph import DType, Graph, Node, Value
from npusim.work import MacOp, MacWork, MoveWork, VectorWork, Work

CHANNELS = 16  # that the MAC array works on at once
IMAGE_RANKS = (3, 4)  # of images, and of signals along one axis
NORMS = ("InstanceNormalization", "MeanVarianceNormalization")
LONG_ROW_BYTES = (
    32_768  # of a group that is normalised: 25 KB whole, 64 KB in parts (bit_224, image_decoder_64)
)
PLANE_PASSES = frozenset(
    ["Relu", "LeakyRelu", "PRelu", "Clip", "InstanceNormalization", "BatchNormalization"]
)


def wholes_of(name: str, part_of: Mapping[str, str]) -> Iterator[str]:
    """Those of `name` and the tensors it is a part of that are parts themselves."""
    while name in part_of:
        yield name
        name = part_of[name]


def edge_of(name: str, part_of: Mapping[str, str]) -> str:
    """The tensor that `name` is, in the end, a part of."""
    while name in part_of:
        name = part_of[name]
    return name


def _reads_image(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether the step takes its first input as an image by its channels (axis 1)."""
    if step.lowering == "scale_shift":
        shapes = [values[n].shape for n in step.node.inputs if n in values]
        signal = len(shapes[0]) == 3  # [N,C,L], a number a channel as in images
        return any(
            s[-1:] == (1,) and s[-2:-1] > (1,) if signal else s[-2:] == (1, 1) and s[-3:-2] > (1,)
            for s in shapes
        )
    return step.node.op_type in IMAGE_OPS | PLANE_PASSES or step.lowering == "pooling_chain"


def _is_image(value: Value, ranks: tuple[int, ...] = (4,)) -> bool:
    """Whether the order of its axes matters: [N,C,H,W] of several channels and pixels."""
    shape = value.shape
    return len(shape) in ranks and shape[1] > 1 and prod(shape[2:]) > 1


class Edges:
    """Steps to put in front of readers of the graph's inputs, and behind everything."""

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
        self.made_by: dict[str, Placed] = {}

    def before(self, step: Placed) -> list[Placed]:
        """The step, its inputs converted and laid out, behind the steps that do so."""
        added = self._convert(step) if self.waiting or self.converted else []
        if self.converted and not self.converted.keys().isdisjoint(step.reads):
            step = step._replace(reads=tuple(self.converted.get(n, n) for n in step.reads))
        turn = self._to_turn(step)
        if turn is not None:
            if turn not in self.turned:
                added += self._layout(turn, step)
            names = tuple(self.turned[turn] if n == turn else n for n in step.reads)
            step = step._replace(reads=tuple(dict.fromkeys(names)))
        added.append(step)
        for one in added:
            for name in one.writes:
                self.made_by[name] = one
        return added

    def behind(self, placed: list[Placed]) -> tuple[list[Placed], tuple[str, ...]]:
        """Conversions and copies of the graph's outputs, and the names under which these end up in DDR."""
        placer, values = self.placer, self.values
        made = {n for s in placed for n in s.writes}
        self._write_planes(placed)
        ends: dict[str, str] = {}
        added = []
        for name in self.graph.outputs:
            source, value = placer.root(name), values[name]
            if placer.whole(source) in made and value.dtype is DType.FLOAT and value.elements:
                ends[name] = out = f"{name}/fp32"
                values[out] = Value(out, value.shape, DType.UINT32)  # 4 bytes an element, as float32 in DDR
                added.append(self._conversion(f"{name}/convert", source, out, self.profile.output_convert))
            elif source not in made and value.elements and not values[source].constant:
                ends[name] = out = f"{name}/copy"
                values[out] = replace(value, name=out)
                nbytes = value.elements * 4.0 if value.dtype is DType.FLOAT else value.npu_bytes
                node = Node(out, "Copy", (source,), (out,))
                why = "an output that is part of another tensor, or an input handed through, is copied to its place"
                added.append(
                    Placed(node, "dma", (MoveWork(nbytes),), "dma", why, (source,), (out,), 0.0, 0.0)
                )
        return added, tuple(ends.get(n) or placer.root(n) for n in self.graph.outputs)

    def _write_planes(self, placed: list[Placed]) -> None:
        """Images that leave the graph, or are normalised in groups of channels, are written channels first by the pass
        of the MAC array that makes them."""
        leaving = {self.placer.root(n) for n in self.graph.outputs if _is_image(self.values[n])}
        leaving |= {s.reads[0] for s in placed if s.node.op_type in NORMS and s.reads and self._in_groups(s)}
        if not leaving:
            return
        for k, step in enumerate(placed):
            work = step.steps[-1] if step.steps else None
            if (
                isinstance(work, MacWork)
                and not leaving.isdisjoint(step.writes)
                and self._channels_last(step)
            ):
                placed[k] = step._replace(steps=(*step.steps[:-1], replace(work, planes=1)))

    def _channels_last(self, step: Placed) -> bool:
        """Whether a step makes an image with its channels side by side: it, or what it goes on with, reads one so."""
        seen: Placed | None = step
        while seen is not None and seen.engine in ("mac_array", "dsp"):
            if _reads_image(seen, self.values):
                return True
            seen = self.made_by.get(seen.reads[0]) if seen.reads else None
        return False

    def _convert(self, step: Placed) -> list[Placed]:
        added = []
        part_of = self.placer.part_of
        for name in step.reads:
            edge = edge_of(name, part_of)
            if edge in self.converted and edge != name:
                link = next(n for n in wholes_of(name, part_of) if part_of[n] == edge)
                part_of[link] = self.converted[edge]
            elif edge in self.waiting and name not in self.converted:
                self.waiting -= {name}
                self.converted[name] = inside = f"{name}/fp16"
                self.values[inside] = replace(self.values[name], name=inside, dtype=DType.FLOAT16)
                added.append(self._conversion(f"{name}/convert", name, inside, self.profile.input_convert))
        return added

    def _to_turn(self, step: Placed) -> str | None:
        """The input that the step's MAC work wants in another order than it arrives in."""
        work = step.steps[0] if step.steps else None
        if not isinstance(work, MacWork) or not step.reads:
            return None
        if _reads_image(step, self.values):
            name = step.reads[0]
            scales = step.lowering == "scale_shift"
            ranks = IMAGE_RANKS if step.node.op_type in IMAGE_OPS or scales else (4,)
            turns = _is_image(self._seen(name, step), ranks)
            grouped = self._seen(name, step).shape[:2] != self.values[name].shape[:2] and self._by_groups(
                name
            )
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
            return name if wanted and self._from_outside(name) else None
        return None

    def _seen(self, name: str, step: Placed) -> Value:
        """A tensor in the shape in which a step that reads images sees it."""
        value, first = self.values[name], self.values.get(step.node.inputs[0])
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

    def _folds(self, reader: Placed, image: Value) -> bool:
        """Whether columns of a wide image of few channels are folded into channels (16 of a row of 3 channels: 48), so
        that none are padded. (A convolution whose result leaves the graph at once is padded.)"""
        work = reader.steps[0]
        if len(reader.steps) > 1 or not isinstance(work, MacWork) or work.kernel_w <= work.stride_w:
            return False
        least = self.profile.folds_images.get(self.generation, 1 << 30)
        wide = (
            work.op == MacOp.CONVOLUTION
            and len(image.shape) == 4
            and image.shape[0] == 1
            and image.shape[3] >= least
        )
        return wide and image.shape[1] < CHANNELS and self.graph_outputs.isdisjoint(reader.writes)

    def _from_outside(self, name: str) -> bool:
        """Whether a tensor lies as the graph's caller (or a join of such tensors) wrote it."""
        if edge_of(name, self.placer.part_of) in self.inputs:
            return True
        maker = self.made_by.get(name)
        if maker is None:
            return False
        if maker.node.op_type == "Convert":
            return True
        return maker.engine in ("none", "dma") and bool(maker.reads) and self._from_outside(maker.reads[0])

    def _layout(self, name: str, reader: Placed) -> list[Placed]:
        """The pass that turns `name` for its first reader, behind the copy that pads its rows."""
        value = self._seen(name, reader) if _reads_image(reader, self.values) else self.values[name]
        self.turned[name] = out = f"{name}/turned"
        of_image = _reads_image(reader, self.values) and len(value.shape) in IMAGE_RANKS
        dtype = DType.FLOAT16 if value.dtype is DType.FLOAT else value.dtype
        shape, kept = (1, 1, *value.shape)[-3:], value.shape
        added: list[Placed] = []
        source, sharing = name, ""
        if of_image:  # [N,C,H,W]; few channels become 16 on some generations
            batch, channels, height, width = (*value.shape, 1)[:4]
            pads = self.generation in self.profile.pads_images and not self._folds(reader, value)
            kept = (batch, max(channels, CHANNELS) if pads else channels, *value.shape[2:])
            if len(value.shape) == 4 and (wide := padded_width(height, width)) != width:
                if batch > 1:
                    self.values[out] = replace(value, name=out, dtype=dtype, shape=kept)
                    return [self._by_transfers(name, out)]
                width = wide
                source = self._padded(name, (batch, channels, height, width), added)
            shape = (batch * height, width, channels)
            sharing = self._shared(reader, value)
        else:
            batched = getattr(reader.steps[0], "groups", 1) > 1
            once = (
                "npusim.shared" in reader.node.attributes
            )  # a head for several queries: one product, nothing taken apart
            terms, columns = value.shape[-2:]
            uneven = terms % CHANNELS > 0 or columns % CHANNELS > 0  # then it is padded in DDR
            apart = self.generation in self.profile.memory.turned_through_ddr
            leaves = batched and not once and (apart or uneven)
            # Two passes where columns are uneven and the batch fills sixteens (`memperm_NCWH/0` and `/1`).
            twice = leaves and columns % CHANNELS > 0 and prod(value.shape[:-2]) % CHANNELS == 0
            sharing = "" if leaves else sharing_of(reader, lambda _: None, len(value.shape))
        self.values[out] = replace(value, name=out, dtype=dtype, shape=kept)
        rows, width, channels = shape
        rows = max(1, self.values[source].elements // max(channels * width, 1))
        size = min(value.dtype.npu_bytes, 2.0)
        work = MacWork(
            MacOp.PERMUTE_IMAGE if of_image else MacOp.PERMUTE, rows, width, channels, channels, rows, width,
            input_bytes=size, weight_bytes=size, output_bytes=size,
        )  # fmt: skip
        works: tuple[Work, ...] = (work,)
        if not of_image and twice:
            nbytes = value.elements * size
            works = (work, MoveWork(nbytes, "scratchpad", "ddr"), MoveWork(nbytes, "ddr", "scratchpad"), work)
        node = Node(f"{name}/layout", "MemPermute", (source,), (out,))
        why = "an input of the graph is turned to channels last by a pass of the MAC array"
        added.append(
            Placed(node, "mac_permute", works, "mac_array", why, (source,), (out,), 0.0, 0.0, sharing=sharing)
        )
        return added

    def _by_transfers(self, name: str, out: str) -> Placed:
        """A batch of images whose pixels are no whole sixteens, turned image by image by the DMA."""
        node = Node(f"{name}/layout", "MemPermute", (name,), (out,))
        why = "images of a batch whose pixels are no whole sixteens are turned to channels last by transfers"
        move = MoveWork(self.values[out].npu_bytes)
        return Placed(node, "dma_permute", (move,), "dma", why, (name,), (out,), 0.0, 0.0, sharing=IMAGE)

    def _padded(self, name: str, shape: tuple[int, ...], added: list[Placed]) -> str:
        """An image with rows of whole sixteens: as it is loaded, or by a copy."""
        value = self.values[name]
        out = f"{name}/padded"
        self.values[out] = replace(value, name=out, shape=shape)
        if name in self.inputs and self.generation not in self.profile.memory.padded_by_copy:
            self.padded.add(out)
            return out
        node = Node(out, "Pad", (name,), (out,))
        why = "an image whose pixels are no whole sixteens is copied with padded rows"
        move = MoveWork(self.values[out].npu_bytes)
        added.append(Placed(node, "dma", (move,), "dma", why, (name,), (out,), 0.0, 0.0))
        return out

    def _shared(self, reader: Placed, value: Value) -> str:
        """How an image lies over the tiles when it is turned for `reader`."""
        height, width = (*value.shape[2:], 1)[:2]
        around = self.generation in self.profile.memory.rows_around
        work = reader.steps[0]
        apart = (
            value.shape[0] > 1 and height * width % PIXELS_AT_ONCE > 0
        )  # turned by transfers then, and stays
        leaves = isinstance(work, MacWork) and image_leaves(work, height, width, self.tiles, around)
        leaves = leaves and not apart
        return SLABS if leaves else IMAGE

    def _conversion(self, name: str, source: str, result: str, engines: dict[str, str]) -> Placed:
        """float32 <-> fp16, by DMA or by a DSP kernel."""
        engine = engines.get(self.generation, "dma")
        elements = self.values[source].elements
        work: VectorWork | MoveWork
        if engine == "dsp":
            work = VectorWork("convert", elements, independent=max(1, elements))
            why = "float32 at the graph's edge is converted by a DSP kernel on this generation"
        else:
            work = MoveWork(elements * 4.0)
            why = "float32 at the graph's edge is converted by the DMA on this generation"
        node = Node(name, "Convert", (source,), (result,))
        return Placed(node, engine, (work,), engine, why, (source,), (result,), 0.0, 0.0)
