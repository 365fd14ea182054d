"""What a compiler adds where tensors enter and leave the graph: conversions, changes of layout, copies.

float32 becomes fp16 and back; an image that arrives channels-first is turned for its first reader on the MAC array,
and the right side of a product is turned to rows of terms; an output that has no place of its own yet is copied."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.cutting.split import PIXELS_AT_ONCE, ceil_to
from npusim.compiler.layouts.grey_images import filled, grey_image, pads_rows
from npusim.compiler.layouts.image_columns import folded, reads_grey
from npusim.compiler.layouts.images import is_image
from npusim.compiler.layouts.lines import Lines
from npusim.compiler.layouts.planar_wholes import joins_channels
from npusim.compiler.layouts.quantised_windows import quantised_for_windows
from npusim.compiler.layouts.scan_slices import ScanSlices
from npusim.compiler.layouts.state_sums import StateSums
from npusim.compiler.layouts.windows import cut_into_windows, turned_for_windows
from npusim.compiler.leaving import Leaving
from npusim.compiler.lowering.laid_anew import transferred
from npusim.compiler.lowering.moved_inside import SPREAD
from npusim.compiler.lowering.parts import edge_of, wholes
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.calls import depthwise_batch
from npusim.compiler.sharing.distribution import CONVOLUTIONS, IMAGE, IMAGE_OPS, SLABS
from npusim.graph import DType, Node, Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.ops.line_rows import in_rows, large_line, large_line_by_law
from npusim.work import MacOp, MacWork, MoveWork, Work


class Edges(Leaving):
    """Steps to put in front of readers of the graph's inputs, and behind everything."""

    lines: Lines | None = None  # of a release that turns what lies between convolutions along one axis
    sums: StateSums | None = None  # what is known of sums in networks that carry a state
    scans: ScanSlices | None = None  # what is known of factors of scans unrolled by the token

    def before(self, step: Placed) -> list[Placed]:
        """The step, its inputs converted and laid out, behind the steps that do so."""
        added = self._convert(step) if self.waiting or self.converted else []
        if self.converted and not self.converted.keys().isdisjoint(step.reads):
            step = step._replace(reads=tuple(self.converted.get(n, n) for n in step.reads))
        if step.lowering == "upsampled":
            added.append(self.upsampled(step))
            step = step._replace(reads=(*added[-1].writes, *step.reads[1:]))
        for one in added:
            self.made_by |= dict.fromkeys(one.writes, one)
        if self.generation in self.profile.images_called and depthwise_batch(step):
            name = step.reads[0]
            if edge_of(name, self.placer.part_of) in self.inputs and name not in self.turned:
                added.append(self._images(name, f"{name}/images", step.images))
                step = step._replace(reads=(f"{name}/images", *step.reads[1:]))
                self.made_by[f"{name}/images"] = added[-1]
                self.called.add(f"{name}/images")
        if self.profile.memory.as_scheduled and joins_channels(step, self.values):
            added += self._parts_turned(step)
            step = step._replace(reads=tuple(self.turned.get(n, n) for n in step.reads))
        turn = self.to_turn(step)
        if turn is not None:
            if turn not in self.turned:
                added += self.layout(turn, step)
            if turn == step.reads[0] and self.folds(step, self.values[turn]):
                step = folded(step)
            names = tuple(self.turned[turn] if n == turn else n for n in step.reads)
            padded = tuple(n for n in step.padded if n != turn or (n == step.reads[0] and not self._wide(n)))
            step = step._replace(
                reads=tuple(dict.fromkeys(names)), padded=padded, reads_turned=turn == step.reads[0]
            )
            if len(step.steps) > 1:
                works = tuple([in_rows(w) if isinstance(w, MacWork) else w for w in step.steps])
                step = step._replace(steps=works)
                if step.reads_turned and cut_into_windows(step):
                    added, step = self._for_windows(added, step, turn)
            elif rows := self._as_rows(step):
                step = step._replace(steps=rows)
            elif step.lowering == "scale_shift":  # the padding of few channels is computed too
                step = step._replace(steps=tuple(in_sixteens(w) for w in step.steps))
        elif cut_into_windows(step) and self._made_narrow(step.reads[0]):
            pads = self.generation in self.profile.pads_images
            cross = self.generation not in self.profile.memory.rows_around
            step = quantised_for_windows(step, self.values[step.reads[0]], pads, cross)
        elif (image := self._written_last(step)) is not None:
            if self.folds(step, image):
                step = folded(step)._replace(reads_turned=True)
        elif reads_grey(step, self.values) and self._grey_folds(step):
            step = folded(step)._replace(reads_turned=True)
        elif grey := self._grey_batch(step, added) or self._grey_image(step, added):
            step = step._replace(reads=(grey,), reshaped=frozenset())
        for rules in (self.lines, self.sums, self.scans):
            if rules is not None:
                turned, step = rules.before(step)
                added += turned
        added.append(step)
        for one in added:
            self.made_by |= dict.fromkeys(one.writes, one)
        return added

    def _parts_turned(self, step: Placed) -> list[Placed]:
        """The passes that turn planes for a whole of channels side by side, which the MAC array reads. On NPU 4000 and
        5010 they are copied to their place behind these."""
        behind = self.readers.get(step.node.outputs[0], ())
        if self._joins_planes(step) or not any(n.op_type in IMAGE_OPS for n in behind):
            return []
        added = []
        for name in step.reads:
            value = self.values[name]
            if name in self.turned or not (is_image(value) and self._from_outside(name)):
                continue
            self.turned[name] = f"{name}/turned"
            self._laid_out(name, value, value.shape)
            batch, channels, height, width = value.shape
            works: tuple[Work, ...] = (
                self._turn(MacOp.PERMUTE_IMAGE, name, value, (batch * height, width, channels)),
            )
            if self.generation in self.profile.memory.rows_around:
                works = (*works, MoveWork(value.npu_bytes, "ddr", "ddr"))
            added.append(self._pass(name, name, works, SLABS))
        return added

    def upsampled(self, step: Placed) -> Placed:
        """An image spread out with zeros: a constant of these is brought to one tile, or where it does not fit to its
        place in DDR, and the pixels between them."""
        name, out = step.reads[0], f"{step.node.name}/upsampled"
        value, result = self.values[name], self.values[step.writes[0]]
        seen = self.values[step.node.inputs[0]]  # tokens that are seen as an image, else
        shape = (*seen.shape[:2], *result.shape[2:])
        self.values[out] = replace(value, name=out, shape=shape, dtype=result.dtype)
        why = "this generation reads an image spread out with zeros from memory"
        nbytes = self.values[out].npu_bytes
        place = "scratchpad" if nbytes <= self.placer.tile_bytes else "ddr"
        node = Node(out, "Upsample", (name,), (out,))
        return transferred(node, MoveWork(nbytes, "ddr", place), why)._replace(lowering=SPREAD)

    def _grey_folds(self, step: Placed) -> bool:
        return self._from_outside(step.reads[0]) and self.folds(step, self.values[step.reads[0]])

    def _grey_batch(self, step: Placed, added: list[Placed]) -> str:
        """The images of one channel of a batch, which nothing needs to turn, copied with sixteen."""
        if not (reads_grey(step, self.values) and self._from_outside(step.reads[0])):
            return ""
        name, value = step.reads[0], self.values[step.reads[0]]
        if not self.fills(step, value):
            return ""
        return self._copied(name, (value.shape[0], CHANNEL_BLOCK, *value.shape[2:]), added)

    def _grey_image(self, step: Placed, added: list[Placed]) -> str:
        """An image of one channel beside fifteen of zeros, where a convolution wants sixteen and folds no columns; that
        of a lone op lies as it came where laws of size hold, since what does not fit so would cross DDR."""
        here = self.profile.memory.as_scheduled and self.generation in self.profile.pads_images
        if not (here and step.reads and self._from_outside(step.reads[0])) or self._by_law(step):
            return ""
        name, value = step.reads[0], self._seen(step.reads[0], step)
        if not grey_image(value, step):
            return ""
        out = f"{name}/grey"
        if out not in self.values:
            source, (rows, columns) = replace(value, name=name), value.shape[2:]
            self.values[out] = replace(value, name=out, shape=(1, CHANNEL_BLOCK, rows, columns))
            if pads_rows(value):
                width = ceil_to(columns, PIXELS_AT_ONCE)
                source = self.values[self._copied(name, (1, 1, rows, width), added)]
            if source.shape[3] % PIXELS_AT_ONCE and self.generation not in self.profile.memory.padded_by_copy:
                self.padded.add(out)
            else:
                added.append(filled(name, source, self.values[out]))
        return out

    def _as_rows(self, step: Placed) -> tuple[Work, ...]:
        """The works of a large line that is read as rows, as this release does; it is cheaper than a smaller one then,
        which the laws of growth forbid elsewhere. Of other steps nothing."""
        even = self.generation not in self.profile.pads_images
        if not (self.profile.memory.as_scheduled and step.reads_turned):
            return ()
        rows = large_line_by_law if self._by_law(step) else large_line
        return rows(step.steps[0], self.tiles, even)

    def _made_narrow(self, name: str) -> bool:
        """Whether a pass has made 8 bits of an image that came from outside."""
        made, value = self.made_by.get(name), self.values[name]
        quantised = made is not None and made.node.op_type == "QuantizeLinear"
        return quantised and len(value.shape) == 4 and value.shape[0] == 1 and value.dtype.bits <= 8

    def _for_windows(self, added: list[Placed], step: Placed, name: str) -> tuple[list[Placed], Placed]:
        """A convolution cut into windows, its image turned for each of them; the first one's crosses DDR too."""
        first = next((one for one in added if step.reads[0] in one.writes), None)
        if first is None:
            return added, step
        pads = self.generation in self.profile.pads_images
        copies = self.generation in self.profile.memory.padded_by_copy
        room = self.tiles, self.profile.memory.resident_share * self.placer.tile_bytes
        step = turned_for_windows(step, self.values[name], first, pads, copies, room)
        return [one._replace(sharing=SLABS) if one is first else one for one in added], step

    def _written_last(self, step: Placed) -> Value | None:
        """The image that a convolution reads as the graph's caller wrote it, channels last (networks converted from
        TensorFlow): nothing turns it. None for other steps."""
        if step.node.op_type not in CONVOLUTIONS or not step.reads:
            return None
        image = self.values[step.node.inputs[0]]
        written = self.values[step.reads[0]]
        if not is_image(image) or step.node.inputs[0] not in self.placer.absorbed:
            return None
        batch, channels, height, width = image.shape
        last = written.shape == (batch, height, width, channels)
        return image if last and self._from_outside(step.reads[0]) else None

    def _convert(self, step: Placed) -> list[Placed]:
        added = []
        part_of = self.placer.part_of
        for name in step.reads:
            edge = edge_of(name, part_of)
            if edge in self.converted and edge != name:
                link = next(n for n in wholes(name, part_of) if part_of[n] == edge)
                part_of[link] = self.converted[edge]
            elif edge in self.waiting and name not in self.converted:
                self.waiting -= {name}
                self.converted[name] = inside = f"{name}/fp16"
                self.values[inside] = replace(self.values[name], name=inside, dtype=DType.FLOAT16)
                made = self._conversion(f"{name}/convert", name, inside, self.profile.input_convert)
                if name == step.reads[0] and self._written_last(step) is not None:
                    made = made._replace(sharing=IMAGE)  # row by row, as its reader is shared
                added.append(made)
        return added


def in_sixteens(work: Work) -> Work:
    """A pass with its channels rounded up to whole sixteens."""
    if not isinstance(work, MacWork):
        return work
    channels = ceil_to(work.out_c, CHANNEL_BLOCK)
    return replace(work, out_c=channels, in_c=channels)
