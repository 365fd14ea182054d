"""Lines, [N,C,L], between convolutions along one axis: which additions and activations lie in a single row of places.

Intel's compiler 8.4 sees a convolution along one axis as one of L rows and one column, and an addition or an activation
that nothing took along as one of one row and L columns. Both lie alike in memory, yet what such a row hands to a
convolution is written channels first by a pooling, and turned back by `PermuteQuantize`, through DDR. An addition that
a convolution reads is seen as that convolution sees it; an operand of it that lies in a row is turned.

For a convolution of one tap a line lies in fours of places, and so does what is added or activated of such results
alone, whoever reads it: [1,64,256,4] of a tile for LeakyRelu behind the sums of MelGAN's blocks, [1,128,250,4] for the
sums of a WaveNet's skips.

Seen in its schedules of NPU 3720, 4000 and 5010: residual pairs of 16, 32, 64 and 128 channels at 1,024 to 8,192 places
behind Relu and LeakyRelu (`Conv_4/extended_input/fused_with_other/permute_out/memperm_NWHC/to_maxpool`,
`Conv_4/reorder_in_0/PermuteQuantize`, `Add_10/add_in/reorder_in_0/PermuteQuantize`)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from npusim.compiler.cutting.split import PIXELS_AT_ONCE
from npusim.compiler.layouts.layouts import Layouts
from npusim.compiler.layouts.part_images import images_of, parts_of
from npusim.compiler.layouts.sliced_lines import slices_read
from npusim.compiler.lowering.filled_lines import fill_line, fills_line
from npusim.compiler.lowering.laid_anew import permuted
from npusim.compiler.lowering.place import Placed
from npusim.compiler.rules.conditions import reduced_axes
from npusim.compiler.sharing.distribution import CHANNELS, IMAGE, LINE, ROWS, SLABS
from npusim.compiler.sharing.pieces import POOLINGS
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, one_tap
from npusim.ops.line_rows import large_line
from npusim.ops.pooling import whole_plane
from npusim.ops.slicing import DILATED_LIMITS, WINDOW_LIMITS
from npusim.work import EVERY_TILE, MacOp, MacWork, VectorWork, Work

WINDOWS = frozenset(["Conv", "FusedConv", "ConvTranspose"])
ACTIVATIONS = frozenset(["Relu", "LeakyRelu", "PRelu", "Clip"])
#: DSP kernels that read an addition as a convolution does. Elu, Tanh and HardSwish in Intel's schedules: 16 and 32
#: channels at 4,000, 6,000 and 12,000 places, on three NPUs.
KERNELS = frozenset(
    ["Elu", "Selu", "Celu", "Tanh", "Sigmoid", "HardSwish", "Swish", "Gelu", "Mish", "Softplus"]
)
LAID_OUT = ("pooling_chain_relayout", "pooling_chain_filled_up")  # reductions that lay a line out anew
SCALES = "scale_shift"
CONVOLVED = "Add as convolved"  # of what reads a line
GATES = frozenset(["mul", "sub", "div"])
ROOM = 0.9  # of a tile, for both operands of an addition and its result: 3 x 262 KB are whole on NPU 4000, not 3 x 512


class Lines:
    """What is known of lines, step by step; `before` says how the next step reads and writes them."""

    def __init__(self, layouts: Layouts) -> None:
        self.layouts = layouts
        self.seen: set[str] = set()  # as a convolution sees them
        self.rows: set[str] = set()
        self.kernels: set[str] = set()  # made of such by kernels
        self.one_tap: set[str] = set()  # made by convolutions of one tap, and of such
        self.in_fours: set[str] = set()  # of these what is no convolution's
        self.flat: set[str] = set()  # results of activations that lie as their elements do
        self.turned: dict[str, str] = {}
        self.readers: dict[str, set[str]] = defaultdict(set)
        for node in reversed(layouts.graph.nodes):
            kind = node.op_type
            if kind == "Add" and self._as_convolved(node.outputs[0]):
                kind = CONVOLVED
            for name in node.inputs:
                self.readers[name].add(kind)

    def _as_convolved(self, name: str) -> bool:
        """Whether an addition is seen as a convolution sees it: one, a kernel, or such additions alone read it."""
        readers = self.readers[name]
        return not (WINDOWS | KERNELS).isdisjoint(readers) or readers == {CONVOLVED}

    @property
    def as_images(self) -> frozenset[str]:
        """Lines that all their readers get from inside: in fours of places, and kernels' for convolutions."""
        return frozenset(self.in_fours | {n for n in self.kernels if self.readers[n] <= WINDOWS})

    def before(self, step: Placed) -> tuple[list[Placed], Placed]:
        """The step as it reads its lines, behind the passes that turn them."""
        value = self.layouts.values.get(step.writes[0]) if step.writes and step.reads else None
        if value is not None and step.lowering in LAID_OUT:
            return [], self._reduced(step, value)
        if value is None or len(value.shape) != 3:
            return [], step
        if step.engine == "dsp":
            return [], self._kernel(step)
        if step.engine != "mac_array":
            return [], step
        kind = step.node.op_type
        if kind in WINDOWS:
            added, step = self._turn(step, step.reads[:1], True)
            self.seen |= set(step.writes)
            self.one_tap |= set(step.writes if _has_one_tap(step) else ())
            return added, self._sliced(self._large(step, value))
        lines = self.seen | self.rows
        if not isinstance(step.only, MacWork) or lines.isdisjoint(step.reads):
            return [], step
        if step.lowering == SCALES:
            for names in (self.seen, self.one_tap):
                names.update(step.writes if not names.isdisjoint(step.reads) else ())
            return [], step
        uneven = value.shape[1] % CHANNEL_BLOCK > 0
        if kind in ("Add", *ACTIVATIONS) and not uneven and self.one_tap.issuperset(step.reads):
            for names in (self.one_tap, self.in_fours, self.seen):
                names.update(step.writes)
            return [], step
        if kind == "Add" and len(step.reads) == 2:
            if uneven or self._as_convolved(step.writes[0]):
                added, step = self._turn(step, step.reads, False)
                self.seen |= set(step.writes)
                return added, step
            return [], self._in_a_row(step, value, self._fits(value))
        if kind in ACTIVATIONS and len(step.reads) == 1:
            if uneven or value.shape[1] <= CHANNEL_BLOCK:
                self.flat |= set(step.writes)
                return [], step
            return [], self._in_a_row(step, value, True)
        return [], step

    def _large(self, step: Placed, value: Value) -> Placed:
        """A large convolution of a line inside the graph is read as rows, from DDR, as one of the graph's lines is."""
        layouts = self.layouts
        inside = layouts.profile.memory.as_scheduled and not step.reads_turned and value.shape[0] == 1
        if not inside or len(step.steps) > 1 or step.node.op_type not in ("Conv", "FusedConv"):
            return step
        even = layouts.generation not in layouts.profile.pads_images
        bordered = self._made_in_pieces(step.reads[0])
        rows = large_line(step.steps[0], layouts.tiles, even, bordered)
        return step._replace(steps=rows) if rows else step

    def _made_in_pieces(self, line: str) -> bool:
        """Whether a line was made by a convolution that does not fit into a tile: its pieces are written beside the
        line's border (8 of 9 on NPU 3720 and 5010; 384 x 384 x 5 at 1,024 places on 3720 is copied there, too). By law
        every one is, or a larger scratchpad would be slower by the copy (256 x 256 x 3 at 4,096 places: 18 %)."""
        if self.layouts.generation in self.layouts.profile.memory.turns_in_strips:
            return True
        maker = self.layouts.made_by.get(line)
        if maker is None or maker.node.op_type not in WINDOWS or not maker.reads:
            return False
        lines = sum(self.layouts.values[n].npu_bytes for n in (maker.reads[0], line))
        return maker.fixed_bytes + lines / self.layouts.tiles > self.layouts.placer.tile_bytes

    def _sliced(self, step: Placed) -> Placed:
        """A window cut into slices, of a line inside the graph (`sliced_lines`)."""
        if step.lowering not in WINDOW_LIMITS or step.reads_turned:
            return step
        line, result = self.layouts.values[step.reads[0]], self.layouts.values[step.writes[0]]
        if len(line.shape) != len(result.shape):  # a line by a Reshape of what lies in memory
            line = self.layouts.values[step.node.inputs[0]]
        around = self.layouts.generation in self.layouts.profile.memory.rows_around
        alone = len(self.layouts.readers.get(step.reads[0], ())) == 1
        copied = alone and step.reads[0] in self.one_tap
        return slices_read(step, line, result, self.layouts.tiles, around, copied)

    def _reduced(self, step: Placed, result: Value) -> Placed:
        """Poolings of a line that the MAC array made take it as it lies, channels last: nothing is laid out anew, and
        the tiles share its channels (`ReduceMean/as_avgpool/first_split` of ECAPA-TDNN, CAM++ and TitaNet, 256 to 1,536
        channels of 100 to 300 places)."""
        line, works = self.layouts.values[step.node.inputs[0]], step.steps
        reduced = reduced_axes(step.node, self.layouts.values)
        lies = not (self.seen | self.rows | self.one_tap).isdisjoint(step.reads)
        pool = next((w for w in works if isinstance(w, MacWork) and w.op in POOLINGS), None)
        if not lies or pool is None or len(line.shape) != 3 or line.shape[0] > 1 or reduced != [2]:
            return step
        # More than a tile holds stays as it was made, over places (PointNet, `HKSwitch`: 1,024 channels of 1,024).
        large = line.npu_bytes > self.layouts.placer.tile_bytes and line.shape[2] % self.layouts.tiles == 0
        steps = whole_plane(pool.op, line, result)
        return step._replace(lowering="pooling_chain", steps=steps, sharing=ROWS if large else CHANNELS)

    def _kernel(self, step: Placed) -> Placed:
        """A kernel on lines shares them over places, as the convolution that made them does: a gate, its sigmoid and
        their product stay inside (16,384 samples of a U-Net for sound, dilated gates of 64 channels). On NPU 3720 a
        convolution and an addition that read the same line stay beside an activation of it (residual blocks of Elu,
        Tanh and HardSwish, 32 channels at 4,000 places); elsewhere it has no places around a tile's own."""
        work = step.only
        if not isinstance(work, VectorWork) or not set(step.reads) <= self.seen | self.kernels:
            return step
        self.kernels |= set(step.writes)
        if (
            step.node.op_type in KERNELS
            and self.layouts.generation not in self.layouts.profile.memory.kernels_without_halo
        ):
            return step._replace(sharing=IMAGE)
        return step._replace(sharing=ROWS) if work.kernel in GATES and not step.one_dsp else step

    def _fits(self, value: Value) -> bool:
        """Whether a tile has all of an addition."""
        return 3 * value.npu_bytes <= ROOM * self.layouts.placer.tile_bytes

    def _in_a_row(self, step: Placed, value: Value, whole: bool) -> Placed:
        """An element-wise pass over one row of places; `whole`: every tile has all places."""
        self.rows |= set(step.writes)
        work = step.steps[0]
        if whole and isinstance(work, MacWork):
            _, channels, length = value.shape
            work = replace(work, out_h=1, out_w=length, out_c=channels, in_h=1, in_w=length, in_c=channels)
            alone = step.node.op_type == "Add" or channels < CHANNEL_BLOCK * self.layouts.tiles
            work = replace(work, write_tiles=EVERY_TILE) if alone else work
        return step._replace(steps=(work,), sharing=LINE)

    def _turn(self, step: Placed, names: tuple[str, ...], window: bool) -> tuple[list[Placed], Placed]:
        added: list[Placed] = []
        for name in names:
            row, flat = name in self.rows, window and name in self.flat
            if (row or flat) and name not in self.turned:
                added += self._passes(name, row, window, step)
            if name in self.turned and (row or flat):
                step = step._replace(reads=tuple(self.turned[name] if n == name else n for n in step.reads))
        return added, step

    def _passes(self, name: str, row: bool, window: bool, reader: Placed) -> list[Placed]:
        """The passes that turn a line for a convolution, or for an addition that a convolution reads. Taps apart that
        see images of their own have each of these filled up (8 channels of 16,384 places by 7 and 11 taps 3 and 5
        apart, `conv_slice_in_0/pad_[0, 8, 0, 0]_expand_input` to `_10`: 18 MB a tap on NPU 3720, 4000 and 5010)."""
        value = self.layouts.values[name]
        batch, channels, length = value.shape
        size = min(value.dtype.npu_bytes, 2.0)
        added, source = [], name
        if row:
            source = f"{name}/planes"
            alone = channels < CHANNEL_BLOCK * self.layouts.tiles
            work = one_tap(MacOp.MAX_POOL, batch, length, channels, size)
            if not self._fits(value):
                work = one_tap(MacOp.MAX_POOL, batch * length / 4, 4, channels, size)
            elif alone:
                work = replace(work, write_tiles=EVERY_TILE)
            added.append(self._pass(name, source, (work,), LINE))
        out = self.turned[name] = f"{name}/line"
        works: tuple[Work, ...] = (one_tap(MacOp.PERMUTE_IMAGE, batch * length, 1, channels, size),)
        shares = length % (PIXELS_AT_ONCE * self.layouts.tiles) > 0
        around = window and self.layouts.generation in self.layouts.profile.memory.rows_around
        sharing = SLABS if shares or around else IMAGE
        pads = self.layouts.generation in self.layouts.profile.pads_images
        parts = parts_of(reader) if reader.lowering in DILATED_LIMITS and images_of(reader) else []
        alike = None if pads or not parts else parts[0]
        if (pads or parts) and fills_line(value, "Conv", alike):
            works = fill_line(value, self.layouts.tiles * self.layouts.placer.tile_bytes)
            sharing = SLABS
        added += [self._pass(source, f"{out}/{k}", works, sharing) for k in range(1, len(parts))]
        added.append(self._pass(source, out, works, sharing))
        return added

    def _pass(self, source: str, out: str, works: tuple[Work, ...], sharing: str) -> Placed:
        values = self.layouts.values
        values[out] = replace(values[source], name=out)
        why = "a line in a row of places is turned for a convolution, as Intel's compiler does"
        return permuted(Node(out, "MemPermute", (source,), (out,)), works, why, sharing)


def _has_one_tap(step: Placed) -> bool:
    """Whether a convolution has a single tap, a stride of one and one group: lines lie in fours of places for it."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION:
        return False
    return bool(work.kernel_h * work.kernel_w * work.stride_h * work.stride_w == 1)
