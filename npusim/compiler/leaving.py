"""What a compiler adds where tensors leave the graph: conversions, copies, and images written plane by plane."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.layouts.images import enlarged, is_image, reads_image
from npusim.compiler.layouts.layouts import Layouts
from npusim.compiler.layouts.orders import NORMS
from npusim.compiler.layouts.pixels import (
    PHASES,
    passes_to_planes,
    phases_in_planes,
    pixels_in_strips,
    planes_by_dma,
    turned_by_dma,
)
from npusim.compiler.layouts.planar_sums import of_pixels, turned_for_planes
from npusim.compiler.lowering.laid_anew import permuted, transferred
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.calls import depthwise_batch
from npusim.compiler.sharing.distribution import IMAGE
from npusim.graph import DType, Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip
from npusim.ops.structure import shuffles
from npusim.work import MacOp, MacWork, MoveWork, VectorWork, Work


class Leaving(Layouts):
    """Steps to put behind everything."""

    def behind(self, placed: list[Placed]) -> tuple[list[Placed], tuple[str, ...]]:
        """Conversions and copies of the graph's outputs, and the names under which these end up in DDR."""
        placer, values = self.placer, self.values
        made = {n for s in placed for n in s.writes}
        leaving = {placer.root(n) for n in self.graph.outputs}
        if self.profile.relayout_by_pass:
            whole = self.profile.memory.planes_added_whole
            room = placer.tile_bytes if self.generation in whole else 0.0
            moves, outside = self._moves_pixels, self._from_outside
            turned_for_planes(placed, leaving, values, self.made_by, moves, outside, room, self._in_strips)
        self._write_planes(placed)
        if self.profile.relayout_by_pass:
            planes_by_dma(placed, leaving, values, placer.tile_bytes)
        ends: dict[str, str] = {}
        added = []
        for name in self.graph.outputs:
            source, value = placer.root(name), values[name]
            planes = self._in_planes(source) or self._of_calls(source)
            if planes is not None:
                added.append(planes)
                source = ends[name] = planes.writes[0]
                made.add(source)
            if placer.whole(source) in made and value.dtype is DType.FLOAT and value.elements:
                ends[name] = out = f"{name}/fp32"
                values[out] = Value(out, value.shape, DType.UINT32)  # 4 bytes an element, as float32 in DDR
                added.append(self._conversion(f"{name}/convert", source, out, self.profile.output_convert))
            elif source in self.inputs and value.elements and self._narrows(source, name):
                ends[name] = out = f"{name}/fp16"
                values[out] = replace(value, name=out)
                added.append(self._conversion(f"{name}/convert", source, out, self.profile.input_convert))
            elif source not in made and value.elements and not values[source].constant:
                ends[name] = out = f"{name}/copy"
                values[out] = replace(value, name=out)
                nbytes = value.elements * 4.0 if value.dtype is DType.FLOAT else value.npu_bytes
                node = Node(out, "Copy", (source,), (out,))
                why = "an output that is part of another tensor, or an input handed through, is copied to its place"
                added.append(transferred(node, MoveWork(nbytes), why))
        return added, tuple(ends.get(n) or placer.root(n) for n in self.graph.outputs)

    def _in_planes(self, name: str) -> Placed | None:
        """The pass that writes an image of such a step plane by plane, as it leaves the graph; two of them, through
        DDR, where its channels are no whole sixteens (`reorder_out/0` and `/1` in Intel's schedules). One channel is
        a plane."""
        value, maker = self.values[name], self.made_by.get(name)
        lowering = maker.lowering if maker is not None else ""
        pads = self.generation in self.profile.pads_images
        # its pixels come from channels too: of one convolution, or of the results of four beside each other (NPU 5010)
        phases = pads and lowering == "by_phases"
        at_once = lowering in PHASES and not phases
        kernel = pads and enlarged(maker, self.made_by, self.values)
        pixels = self._moves_pixels(maker) or of_pixels(maker, self.made_by, self._moves_pixels)
        if not (at_once or kernel or phases or pixels) or not is_image(value):
            return None
        batch, channels, height, width = value.shape
        if not (at_once or phases) and (channels == 1 or (turned_by_dma(value) and not kernel)):
            return None
        out = f"{name}/planes"
        self.values[out] = replace(value, name=out)
        turn: Work = self._turn(MacOp.PERMUTE, name, value, (batch * height, width, channels))
        trip = ddr_round_trip(value.npu_bytes)
        works = passes_to_planes(value, turn)
        # Rows not alike on all tiles (40, 128 on three, not 60; 49 on four) cross DDR in between, not on NPU 3720.
        rows = self.values[maker.reads[0]].shape[2] if maker is not None else 0
        splits = rows % self.tiles > 0 and self.generation in self.profile.memory.padded_by_copy
        splits |= self._in_strips(maker)
        if kernel and turned_by_dma(value):  # 21 x 257 x 257 by eight
            why = "an image that a kernel enlarges is written plane by plane by the DMA where its rows fill no sixteens"
            move = MoveWork(value.npu_bytes, "ddr", "ddr")
            return transferred(Node(out, "Transpose", (name,), (out,)), move, why)
        if phases and maker is not None:
            works = phases_in_planes(value, turn, self.tiles * self.placer.tile_bytes, self._by_law(maker))
        elif splits or (at_once and not pads):
            works = (*trip, *works)
        if not works:
            return None
        why = "an image whose pixels came from channels is written plane by plane by a pass of the MAC array"
        node = Node(out, "MemPermute", (name,), (out,))
        return permuted(node, works, why, IMAGE)

    def _in_strips(self, maker: Placed | None) -> bool:
        """Whether the pixels of an image are put together in DDR, strip by strip, that would have room inside."""
        if self.generation not in self.profile.memory.pixels_in_strips:
            return False
        return pixels_in_strips(maker, self.made_by, self.values)

    def _images(self, name: str, out: str, images: int) -> Placed:
        """A batch copied within the DDR, image by image."""
        value = self.values[name]
        self.values[out] = replace(value, name=out)
        node = Node(out, "Copy", (name,), (out,))
        work = MoveWork(value.npu_bytes, "ddr", "ddr", transfers=images)
        why = "images of a batch are copied for calls of one image each"
        return transferred(node, work, why)

    def _of_calls(self, name: str) -> Placed | None:
        """What brings the results of a depthwise convolution of a batch to their place: a copy of each image behind
        calls, or a pass that turns all of them back."""
        maker = self.made_by.get(name)
        if maker is None or not depthwise_batch(maker):
            return None
        out, value = f"{name}/images", self.values[name]
        if self.generation in self.profile.images_called:
            return self._images(name, out, maker.images)
        if self.generation not in self.profile.batches_turned_back:
            return None
        self.values[out] = replace(value, name=out)
        batch, channels, height, width = (*value.shape, 1)[:4]
        turn = self._turn(MacOp.PERMUTE, name, value, (batch * height, width, channels))
        even = width % CHANNEL_BLOCK == 0 and channels % CHANNEL_BLOCK == 0
        works = (turn,) if even else (*ddr_round_trip(value.npu_bytes), turn)
        why = "images of a batch are written channels first by a pass of the MAC array"
        node = Node(out, "MemPermute", (name,), (out,))
        return permuted(node, works, why, IMAGE)

    def _narrows(self, source: str, name: str) -> bool:
        """Whether an output is an input of the graph in half the bytes: a Cast and nothing else."""
        return self.values[source].dtype is DType.FLOAT and self.values[name].dtype is DType.FLOAT16

    def _write_planes(self, placed: list[Placed]) -> None:
        """Images that leave the graph, or are normalised in groups of channels, are written channels first by the pass
        of the MAC array that makes them; so are tensors that were turned for a scale alone (a state by heads)."""
        leaving = {self.placer.root(n) for n in self.graph.outputs if is_image(self.values[n])}
        if self.profile.batches_turned_back and self.generation in self.profile.batches_turned_back:
            leaving -= {n for s in placed if depthwise_batch(s) for n in s.writes}
        leaving |= {s.reads[0] for s in placed if s.node.op_type in NORMS and s.reads and self._in_groups(s)}
        leaving |= {n for s in placed if shuffles(s.node) for n in self._joined(s)}
        self.turned_back = self._scaled_alone(placed)
        leaving |= self.turned_back
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

    def _joined(self, step: Placed) -> tuple[str, ...]:
        """What a step reads, or the parts of the Concat that it reads."""
        maker = self.made_by.get(step.reads[0])
        return maker.reads if maker is not None and maker.node.op_type == "Concat" else step.reads

    def _scaled_alone(self, placed: list[Placed]) -> set[str]:
        """Results of scales that a tensor was turned for, and that nobody reads as images."""
        turned = set(self.turned.values())
        scales = (s for s in placed if s.lowering == "scale_shift" and not turned.isdisjoint(s.reads))
        found = {name for s in scales for name in s.writes}
        return found - {s.reads[0] for s in placed if s.reads and found and reads_image(s, self.values)}

    def _channels_last(self, step: Placed) -> bool:
        """Whether a step makes an image with its channels side by side: it, or what it goes on with, reads one so."""
        seen: Placed | None = step
        while seen is not None and seen.engine in ("mac_array", "dsp"):
            if seen is not step and not self.turned_back.isdisjoint(seen.writes):
                return False
            if reads_image(seen, self.values):
                return True
            seen = self.made_by.get(seen.reads[0]) if seen.reads else None
        return False

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
