"""Ops that only rename or move elements: views, transposes, joins, cuts, repetitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from math import prod

from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, copy, dsp, on_mac_array, one_tap, per_element, vector
from npusim.ops.registry import VIEW, OpCase, op
from npusim.ops.resizing import read_at_addresses
from npusim.ops.stepping import stepped
from npusim.ops.turned_twice import in_two, last_to_front
from npusim.work import Lowering, MacOp, MacWork, Work


@op(
    "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "BitCast", "Shape", "Size",
    "Constant", "Optional", "OptionalGetElement", "OptionalHasElement",
    lowerings=("view",),
)  # fmt: skip
def view(c: OpCase) -> Lowering:
    """The same bytes under another name or shape (or a number the compiler knows)."""
    return VIEW


@op("Dropout", lowerings=("view", "dsp"), kernels=("default", "mul"), reads=(1, 2))
def dropout(c: OpCase) -> Lowering:
    """Nothing at inference. In training mode a mask of random bits (a kernel nobody has published a line for)
    and a product."""
    ratio, training = c.data(1), c.data(2)
    off = training is None or not training.any() or (ratio is not None and not ratio.any())
    return VIEW if off else Lowering("dsp", (vector(c, "default"), vector(c, "mul")))


def moved(shape: tuple[int, ...], perm: tuple[int, ...]) -> tuple[bool, int]:
    """Whether a transpose moves anything, and the length of its contiguous innermost run."""
    order = [axis for axis in perm if shape[axis] != 1]
    if order == sorted(order):
        return False, prod(shape)
    run, last = 1, [axis for axis in range(len(shape)) if shape[axis] != 1]
    while order and order[-1] == last[-1]:
        run *= shape[order.pop()]
        last.pop()
    return True, run


#: Of images of more channels a border of their own values is read by address (Intel's schedules of NPU 4000 and 5010:
#: 40, 48, 64 and 256 channels; 16, 24, 30 and 32 are copied with it).
MOST_COPIED = 32
MOST_IMAGE_AXES = 3  # that a pass of the MAC array puts in another order; the DMA's price of more is by bytes


def merged(shape: tuple[int, ...], perm: tuple[int, ...]) -> list[int]:
    """The order of a transpose of `shape` once axes of length 1 are gone and those that stay together are one: (0, 2,
    1) of [1, 12, 512, 64] turned to [1, 12, 64, 512]."""
    order = [axis for axis in perm if shape[axis] != 1]
    place = {axis: i for i, axis in enumerate(sorted(order))}
    ranks = [place[axis] for axis in order]
    starts = [r for i, r in enumerate(ranks) if not i or r != ranks[i - 1] + 1]
    return [sorted(starts).index(r) for r in starts]


@op(
    "Transpose",
    lowerings=("view", "dma_permute", "mac_permute", "mac_permute_twice", "dsp"),
    kernels=("permute",),
)
def transpose(c: OpCase) -> tuple[Lowering, ...]:
    """A view if only axes of length 1 move. If the innermost axis stays, DMA copies whole runs; else it
    goes element by element (`elements` > 0). `mac_permute`: a 1x1 max pooling that writes in another order, as
    Intel's 2026 compiler mostly does."""
    source = c.input(0)
    rank = len(source.shape)
    perm = tuple(int(a) for a in c.attr("perm", tuple(reversed(range(rank)))))
    moves, run = moved(source.shape, perm)
    if not moves:
        return (VIEW,)
    order = merged(source.shape, perm)
    whole_rows = run > 1 or len(order) > MOST_IMAGE_AXES
    by_dma = Lowering("dma_permute", (copy(source.npu_bytes, 0 if whole_rows else source.elements),))
    if not on_mac_array(source):
        return by_dma, dsp(c, "permute")
    if shuffles(c.node):
        turn = _shuffled(c, source)
    else:
        turn = replace(per_element(c, MacOp.MAX_POOL), planes=int(_columns_innermost(source.shape, perm)))
    found = (by_dma, Lowering("mac_permute", (turn,)), dsp(c, "permute"))
    return (*found, in_two(source)) if last_to_front(source.shape, perm) else found


def shuffles(node: Node) -> bool:
    """Whether a node shuffles the channels of an image: [N,groups,C/groups,H,W] to [N,C/groups,groups,H,W]."""
    return node.op_type == "Transpose" and tuple(node.attribute("perm") or ()) == (0, 2, 1, 3, 4)


def _shuffled(c: OpCase, source: Value) -> MacWork:
    """A 1x1 max pooling over groups and their channels as rows and columns, the pixels as channels (ShuffleChannels,
    `transpose_in/memperm`, 1x3136x2x64 for 128 channels of 56 x 56 in Intel's schedules)."""
    batch, groups, each, *plane = source.shape
    rows, depth, size = batch * groups, prod(plane), source.dtype.npu_bytes
    return one_tap(MacOp.MAX_POOL, rows, each, depth, size)


def _columns_innermost(shape: tuple[int, ...], perm: tuple[int, ...]) -> bool:
    """Whether what was second innermost of three axes or more ends up innermost: columns of an image, of which the MAC
    array scatters the channels (fast where rows do: [1,C,H,W] to [1,H,W,C]; Intel's schedules)."""
    batch = 4 - len(shape)  # [B,R,C] is one image of B channels
    if batch not in (0, 1):
        return False
    channels, rows = ((1,) * batch + shape)[1:3]
    return perm[-1] + batch == 2 and channels > 1 and rows > 1


def broadcast_runs(shapes: Iterable[tuple[int, ...]], out: tuple[int, ...]) -> list[tuple[bool, ...]]:
    """Which of the operands, of these `shapes`, have each axis of `out` that is longer than 1 (others are spread along
    it), neighbours alike as one."""
    filled = [(1,) * (len(out) - len(shape)) + shape for shape in shapes]
    ways = [tuple([shape[a] > 1 for shape in filled]) for a, n in enumerate(out) if n > 1]
    return [way for way, _ in groupby(ways)]


@op("Concat", lowerings=("dma", "joined_view", "view"))
def concat(c: OpCase) -> tuple[Lowering, ...]:
    """A copy of every part. Along the outermost axis the producers can write side by side
    (`joined_view`: no copy, but the result waits for all of them)."""
    out = c.output
    axis = c.axis(0, len(out.shape))
    parts = [v for v in c.inputs if v is not None and v.elements]
    if len(parts) < 2:
        return (VIEW,)
    found = Lowering("dma", (copy(out.npu_bytes),))
    return (found, Lowering("joined_view", ())) if prod(out.shape[:axis]) == 1 else (found,)


def cut(out: Value, source: Value, cut_axes: list[int], steps: bool) -> tuple[Lowering, ...]:
    """Part of a tensor: a view when only the outermost axis (longer than 1) is cut, without steps."""
    if not cut_axes:
        return (VIEW,)
    found = Lowering("dma", (copy(out.npu_bytes, constant=source.constant),))
    contiguous = prod(source.shape[: cut_axes[0]]) == 1 and len(cut_axes) == 1 and not steps
    return (VIEW, found) if contiguous else (found,)


@op("Slice", lowerings=("view", "stepped", "stepped_expanded", "stepped_copied", "dma"), reads=(3, 4))
def slice_(c: OpCase) -> tuple[Lowering, ...]:
    source, out = c.input(0), c.output
    rank = len(source.shape)
    steps = c.numbers("steps", 4) or ()
    axes = c.numbers("axes", 3) or tuple(range(len(steps)))
    longer = {axis % rank: step for axis, step in zip(axes, steps, strict=False) if step != 1}
    axes_cut = [
        a for a in range(rank) if source.shape[a] != out.shape[a] or (a in longer and source.shape[a] > 1)
    ]
    on_array = tuple(stepped(c, longer)) if longer and axes_cut else ()
    return (*on_array, *cut(out, source, axes_cut, bool(longer)))


@op("Split", lowerings=("view", "dma"))
def split(c: OpCase) -> tuple[Lowering, ...]:
    """One copy per part, or a view of each."""
    source = c.input(0)
    axis = c.axis(0, len(source.shape))
    parts = [v for v in c.outputs if v is not None and v.elements]
    if parts[0].shape == source.shape:
        return (VIEW,)
    copies = Lowering("dma", tuple(copy(v.npu_bytes) for v in parts))
    return (VIEW, copies) if prod(source.shape[:axis]) == 1 else (copies,)


def _whole(c: OpCase, kernel: str, changed: list[int]) -> tuple[Lowering, ...]:
    """A copy of the output, or a DSP kernel."""
    if not changed:
        return (VIEW,)
    return Lowering("dma", (copy(c.output.npu_bytes),)), dsp(c, kernel)


def _changed(c: OpCase) -> list[int]:
    source, out = c.input(0).shape, c.output.shape
    aligned = (1,) * (len(out) - len(source)) + source
    shift = len(out) - len(source)
    return [max(axis - shift, 0) for axis, size in enumerate(out) if size != aligned[axis]]


def pad_mode(attribute: object) -> str:
    """The mode of a Pad whose attribute, or none, is given."""
    return attribute.decode() if isinstance(attribute, bytes) else str(attribute or "constant")


def reads_again(mode: str, shape: tuple[int, ...]) -> bool:
    """Whether an image has channels enough for a border of its own values to be read by address."""
    return len(shape) == 4 and shape[1] > MOST_COPIED and mode in ("reflect", "edge")


@op("Pad", "CenterCropPad", lowerings=("view", "read_again", "dma", "dsp"), kernels=("pad",))
def pad(c: OpCase) -> tuple[Lowering, ...]:
    """Constants around a copy; where the tensor's own values go around it, a copy for each axis and each row beside it
    (`pad_axis_d3`, `pad_axis_d2` in Intel's schedules: 3 rows and columns of 128 x 128 on each side are two copies of
    the whole and six of a row each). `read_again`: of an image of more than `MOST_COPIED` channels a 1x1 convolution of
    all channels with all reads it, its border by computed addresses, as it makes an image larger."""
    changed = _changed(c)
    found = _whole(c, "pad", changed)
    source, out = c.input(0), c.output
    mode = pad_mode(c.attr("mode"))
    if mode == "constant" or len(source.shape) != len(out.shape):
        return found
    ways = _axis_by_axis(source, out, reversed(changed), found)
    planes = changed and set(changed) <= {2, 3} and on_mac_array(source)
    if not planes or not reads_again(mode, source.shape):
        return ways
    return Lowering("read_again", read_at_addresses(source, out), macs=0.0), *ways


@op("Tile", lowerings=("view", "dma", "dsp"), kernels=("tile",))
def tile(c: OpCase) -> tuple[Lowering, ...]:
    """An axis at a time."""
    changed, source, out = _changed(c), c.input(0), c.output
    found = _whole(c, "tile", changed)
    if len(source.shape) != len(out.shape) or not changed:
        return found
    return _axis_by_axis(source, out, changed, found, row_by_row=False)


def _axis_by_axis(
    source: Value, out: Value, axes: Iterable[int], found: tuple[Lowering, ...], row_by_row: bool = True
) -> tuple[Lowering, ...]:
    """`found` with its copy taken axis by axis; `row_by_row`: a transfer for what was there and for each row beside
    it."""
    size, copies = source.npu_bytes, list[Work]()
    for axis in axes:
        size *= out.shape[axis] / max(source.shape[axis], 1)
        beside = out.shape[axis] - source.shape[axis] if row_by_row else 0
        copies.append(replace(copy(size), transfers=1 + beside))
    return (Lowering("dma", tuple(copies)), *found[1:]) if copies else found


@op("Expand", lowerings=("view", "broadcast_view", "filled", "dma", "dsp"), kernels=("tile",))
def expand(c: OpCase) -> tuple[Lowering, ...]:
    """Nothing runs if every consumer can broadcast (`broadcast_view`: the compiler looks). `filled`: copies are made in
    the scratchpad; whole rows of five axes are written in the time of one element a row (8 x 4 x 128 rows of 64: 524 KB
    in 0.39 us on NPU 5010, 1.26 on 3720, in Intel's schedules)."""
    found = _whole(c, "tile", _changed(c))
    if found[0] is VIEW:
        return found
    out = c.output
    rows = len(out.shape) > MOST_IMAGE_AXES and c.input(0).shape[-1:] == out.shape[-1:]
    timed = 1 / max(1, out.shape[-1]) if rows else 1
    filled = Lowering("filled", (replace(copy(out.npu_bytes), counted=timed),))
    return Lowering("broadcast_view", ()), filled, *found


@op("SpaceToDepth", lowerings=("dma",))
def space_to_depth(c: OpCase) -> Lowering:
    return Lowering("dma", (copy(c.output.npu_bytes),))


@op("DepthToSpace", lowerings=("upsampled", "mac_array", "dma", "dsp"), kernels=("permute",))
def depth_to_space(c: OpCase) -> tuple[Lowering, ...]:
    """A copy; blocks of two and three as the transposed convolution that picks a channel for each pixel (Intel's
    schedules: 4 to 256 channels as `as_transcov`, blocks of four not). With the image spread out in memory
    (`upsampled`: NPU 3720), only such that make sixteen channels and more (64, 68, 144 and 153 channels in its
    schedules, not 48, 81 and 135). One channel of whole sixteens, side by side for each pixel, is a kernel (16 channels
    at 64 to 200 pixels; in DCR order by the DMA); so are blocks of two of whole sixteens where the profile takes no
    convolution for them (32 and 48 channels on NPU 3720, more than 256 on the others)."""
    source, out = c.input(0), c.output
    by_dma = Lowering("dma", (copy(out.npu_bytes),))
    block = int(c.attr("blocksize", 1))
    even = source.shape[1] % CHANNEL_BLOCK == 0
    if block not in (2, 3) or not on_mac_array(source):
        one = out.shape[1] == 1 and even and c.attr("mode", "DCR") == "CRD"
        return (by_dma, dsp(c, "permute")) if one else (by_dma,)
    batch, channels, rows, columns = out.shape
    work = MacWork(
        MacOp.CONVOLUTION, batch * rows, columns, channels, source.shape[1], batch * rows, columns,
        block, block,
        input_bytes=source.dtype.npu_bytes,
        weight_bytes=source.dtype.npu_bytes,
        output_bytes=out.dtype.npu_bytes,
        weight_groups=source.shape[1],
    )  # fmt: skip
    found: tuple[Lowering, ...] = (Lowering("mac_array", (work,), macs=0.0), by_dma)
    if block == 2 and even and c.attr("mode", "DCR") == "CRD":
        found = (*found, dsp(c, "permute"))
    return (Lowering("upsampled", (work,), macs=0.0), *found) if channels >= CHANNEL_BLOCK else found


@op("ReverseSequence", "Trilu", kernels=("default", "select"))
def dsp_only(c: OpCase) -> Lowering:
    """Trilu keeps one side of the diagonal: a Select with a constant mask."""
    return dsp(c, "select" if c.node.op_type == "Trilu" else "default")


@op("Range", "EyeLike", "ConstantOfShape", lowerings=("view", "dsp"), kernels=("default",))
def fill(c: OpCase) -> tuple[Lowering, ...]:
    """A known result is a constant of the compiled network; else a DSP kernel writes it."""
    return (VIEW,) if all(v is None or v.constant for v in c.inputs) else (dsp(c, "default"),)
