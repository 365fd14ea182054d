"""Images that a window reads through DDR for the sake of what lies around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from npusim.compiler.layouts.part_images import images_of, parts_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.residence import Arriving, Residence
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.compiler.sharing.distribution import over_channels
from npusim.ops.line_rows import read_as_rows
from npusim.ops.slicing import DILATED_LIMITS, WINDOW_LIMITS
from npusim.work import MacOp, MacWork, MoveWork, Work

MOVED = "input through DDR: put in place row by row, without rows for the neighbouring tile"
KERNEL = "input through DDR: its kernel writes no rows for the neighbouring tile"
UNEVEN = "input through DDR: put in place row by row, of which the tiles have not the same"
MEAN_ROWS = 4
WINDOWS = ("Conv", "MaxPool", "AveragePool")
BESIDE = "input through DDR, where it is written beside its zeros"
COPIED = "input written to DDR, too, where parts of the window read copies of it with zeros around"
AS_ROWS = "input through DDR, where its line is copied to rows of places"
ZEROS = "input through DDR, where parts of the window read it with zeros of their own"


def cross_halo(
    step: Placed, scratchpad: Scratchpad, r: Residence, edges: Mapping[tuple[str, str], str]
) -> None:
    """Spill the result of a kernel or of moves, where these do not write their neighbours' rows, and an image that is
    copied there for parts of a window. `edges`: results of kernels of which more is known
    (npusim.compiler.residency.kernel_sharing)."""
    if not step.steps:
        return
    work = step.steps[0]
    parts = step.lowering in DILATED_LIMITS or (step.lowering in WINDOW_LIMITS and not step.reads_turned)
    if parts and any(isinstance(w, MoveWork) for w in step.steps):
        _spill(step.reads, scratchpad, r, ZEROS)
        return
    if read_as_rows(step.steps):
        _spill(step.reads, scratchpad, r, AS_ROWS)
        return
    if _beyond(step, work):
        _spill(step.reads, scratchpad, r, BESIDE)
        return
    window = isinstance(work, MacWork) and work.kernel_h * work.kernel_w > 1
    for name in step.reads if edges else ():
        if why := edges.get((name, step.writes[0])):
            _spill([name], scratchpad, r, why)
    if not scratchpad.rows_apart.isdisjoint(step.reads):
        _spill([n for n in step.reads if n in scratchpad.rows_apart], scratchpad, r, UNEVEN)
    if not window or scratchpad.tiles == 1:
        return
    if scratchpad.by_kernel:
        made = [n for n in step.reads if n in scratchpad.by_kernel and (n, step.writes[0]) not in edges]
        _spill(made, scratchpad, r, KERNEL)
    if scratchpad.put_in_place and scratchpad.generation in scratchpad.memory.moves_without_halo:
        _spill(
            [n for n in step.reads if n in scratchpad.put_in_place - scratchpad.in_ddr], scratchpad, r, MOVED
        )


def write_for_parts(k: int, step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """The image of such a window stays for parts that need no zeros, and is written for those that do."""
    image = step.reads[0]
    all_read_images = len(parts_of(step)) == len(images_of(step))  # where nothing else is loaded (NPU 3720)
    copied = any(isinstance(w, MoveWork) and w.source == w.destination for w in step.steps)
    handed = copied and all_read_images and scratchpad.dead_after(image, k) and not scratchpad.rows_around
    if not handed and scratchpad.holder(image) is not None:
        scratchpad.write_too(image, r)
        r.reason = COPIED


def write_for_slices(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """The image under the slices of a window is written beside their zeros, and stays for others that read it."""
    if scratchpad.holder(step.reads[0]) is not None:
        scratchpad.write_too(step.reads[0], r)
        r.reason = ZEROS


def read_for_slices(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """The first slice reads it there, too."""
    image = step.reads[0]
    if image not in {name for name, _, _ in r.loads}:
        r.loads.append((image, scratchpad.sizes[image], 1))


def rows_again(step: Placed, tiles: int, loads: list[Arriving]) -> list[Arriving]:
    """What a window reads of a kernel's result through DDR: every tile its neighbours' rows too (Intel's schedules of
    NPU 4000: depthwise 3x3 and 5x5 of 60 to 144 rows; means over planes of 60, 72 and 120 rows four rows a tile)."""
    work = step.steps[0]
    assert isinstance(work, MacWork)
    alone = step.node.op_type == "AveragePool" or work.op != MacOp.AVERAGE_POOL
    between = max(0.0, work.kernel_h - work.stride_h) if alone else MEAN_ROWS
    more = 1 + between * (tiles - 1) / work.in_h
    return [(name, size * more, blocks) for name, size, blocks in loads]


def add_rows_around(
    steps: Sequence[Placed], found: Sequence[Residence], scratchpad: Scratchpad, known: Set[int]
) -> None:
    """What a window reads through DDR comes with the rows around each tile's own, and the MAC array writes it so
    (NPU 4000 and 5010; 64 x 96 x 96 by 3 x 3: 1.253 and 1.229 MB of 1.180, in three strips of 128 x 128 on 5010
    2.360 of 2.097, the bytes of Intel's schedules; NPU 3720 reads each row once). `known`: steps whose loads have
    them already."""
    if not scratchpad.rows_around or scratchpad.tiles == 1:
        return
    # rows more over rows there are, of a tensor whose reader is shared over rows
    around: dict[str, float] = {}
    first = 0
    for k, (step, r) in enumerate(zip(steps, found, strict=True)):
        if r.part in ("", "first"):
            first = k
        if (share := _share_around(step, scratchpad.tiles)) and step.reads:
            name = step.reads[0]
            around[name] = max(around.get(name, 0.0), share)
            if k in known:
                continue
            own = found[first]
            # a block is cut in columns, too (W3 of 176 x 176)
            strips = r.blocks.rows / step.images if r.part else 1
            size = scratchpad.sizes[name] * share * strips
            for i, (loaded, nbytes, blocks) in enumerate(own.loads):
                if loaded == name:
                    own.loads[i] = loaded, nbytes + size, blocks
    for step, r in zip(steps, found, strict=True):
        if step.lowering == "mac_array":  # not what is enlarged (unet_up_nearest_176)
            r.writes = [(n, size * (1 + around.get(n, 0.0))) for n, size in r.writes]


def _share_around(step: Placed, tiles: int) -> float:
    """Rows that tiles read of their neighbours' over the rows of an image; 0 where a step is shared over channels."""
    work = step.steps[0] if step.steps else None
    if step.node.op_type not in WINDOWS or not isinstance(work, MacWork) or len(step.steps) > 1:
        return 0.0
    height = work.in_h / step.images
    between = work.kernel_h - work.stride_h
    if between <= 0 or over_channels(work, int(work.out_h / step.images)):
        return 0.0
    return float(between * (tiles - 1) / height)


def _beyond(step: Placed, work: Work) -> bool:
    """Whether zeros in front of or behind a line reach further than half its window, which the array does not add
    (`input_concat` of 3 taps behind 2 zeros, not of 4 behind 2, in Intel's schedules of causal convolutions)."""
    pads = step.node.attribute("pads", ())
    line = step.node.op_type == "Conv" and isinstance(work, MacWork) and len(pads) == 2
    return bool(line and isinstance(work, MacWork) and max(pads) > max(work.kernel_h, work.kernel_w) // 2)


def _spill(names: Iterable[str], scratchpad: Scratchpad, r: Residence, reason: str) -> None:
    if scratchpad.spill_all(names, r):
        r.reason = reason
