"""A batch of sequences, [batch, rows, channels], between its products: the batch is the rows of an image, its rows the
columns, so that the tiles share whole sequences.

In Intel's schedules of encoder layers over 2, 4, 7 and 8 sequences (42 to 256 rows of 96 to 256 channels), of PatchTST
and MobileViT, products see all rows as one; a normalisation is a kernel for every row, whose result crosses DDR to its
scale; on NPU 3720 and 4000 its shift is a sum with a constant of the size of the tensor (`as_scaleshift` and `as_add`
of 1x144x1x256 on each of four tiles for 4 x 256 x 144). Sums of two tensors come from DDR and go there. Where there are
fewer sequences than tiles, every tile adds all of them and the scale is shared over channels. One to three rows of
columns take the array as long as four. A lone op on such a tensor is folded as any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.layouts.images_on_tiles import image_a_tile
from npusim.compiler.layouts.norm_edges import ROWS_OF_BATCH, normalises_rows
from npusim.compiler.lowering.lowered import PRODUCTS, is_elementwise_pass
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.residence import Residence
from npusim.compiler.sharing.distribution import CHANNELS, ROWS
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import EVERY_TILE, MacOp, MacWork, Work

WHY = "sequences of a batch are shared whole by the tiles"


def rows_of_batch(
    placed: Sequence[Placed], values: dict[str, Value], tiles: int, shifts_apart: bool
) -> list[Placed]:
    """The steps with normalisations and sums of batches of sequences laid out so. What is made is added to `values`."""
    if not any(step.node.op_type in PRODUCTS for step in placed):
        return list(placed)
    return [new for step in placed for new in _laid_out(step, values, tiles, shifts_apart)]


def _laid_out(step: Placed, values: dict[str, Value], tiles: int, shifts_apart: bool) -> Iterator[Placed]:
    shape = values[step.writes[0]].shape if step.writes else ()
    if len(shape) != 3 or shape[0] == 1 or shape[2] % CHANNEL_BLOCK or step.padded or tiles == 1:
        yield step
    elif normalises_rows(step):
        yield from _normalised(step, values, tiles, shifts_apart)
    elif is_elementwise_pass(step.steps) and [values[n].shape for n in step.reads] == [shape, shape]:
        work = _in_columns(step.steps[0], shape, tiles)
        yield step._replace(
            steps=(work,), lowering=ROWS_OF_BATCH, sharing=ROWS, reason=f"{step.reason}; {WHY}"
        )
    else:
        yield step


def _in_columns(work: Work, shape: tuple[int, ...], tiles: int) -> MacWork:
    """A pass over a batch whose rows are columns; every tile adds all of fewer sequences than there are tiles."""
    assert isinstance(work, MacWork)
    batch, rows, channels = shape
    everywhere = work.op == MacOp.ELTWISE and batch < tiles
    return replace(
        work, out_h=batch, in_h=batch, out_w=rows, in_w=rows, out_c=channels, in_c=channels,
        write_tiles=EVERY_TILE if everywhere else work.write_tiles,
    )  # fmt: skip


def _normalised(step: Placed, values: dict[str, Value], tiles: int, shifts_apart: bool) -> Iterator[Placed]:
    """The kernel, the scale behind it, and the shift, as steps of their own."""
    node, out = step.node, step.writes[0]
    kernel, scale = step.steps
    shape, size = values[out].shape, values[out].npu_bytes
    names = [f"{out}/normalised", *[f"{out}/scaled"] * shifts_apart, out]
    values |= {n: replace(values[out], name=n) for n in names[:-1]}
    made = replace(node, outputs=(names[0],))
    yield step._replace(
        node=made, engine="dsp", steps=(kernel,), writes=(names[0],), fixed_bytes=0.0, macs=0.0
    )
    scaled = _in_columns(scale, shape, tiles)
    passes = [(scaled, "scale", step.fixed_bytes)]
    if shifts_apart:
        shift = replace(scaled, op=MacOp.ELTWISE, write_tiles=EVERY_TILE if shape[0] < tiles else 1)
        passes.append((shift, "shift", size))
    for (work, name, fixed), source, result in zip(passes, names[:-1], names[1:], strict=True):
        own = replace(node, name=f"{node.name}/{name}", inputs=(source,), outputs=(result,))
        sharing = CHANNELS if name == "scale" and shape[0] < tiles else ROWS
        yield step._replace(
            node=own, engine="mac_array", lowering=ROWS_OF_BATCH, reason=WHY, steps=(work,), reads=(source,),
            writes=(result,), fixed_bytes=fixed, sharing=sharing, reshaped=frozenset(),
        )  # fmt: skip


def only_way(step: Placed, r: Residence) -> str:
    """The way in which the tiles share a step's work, where it is not whatever is fastest."""
    if is_folded(step) or image_a_tile(step):
        return "rows"
    if r.by_channels:
        return "channels"
    return step.sharing if step.lowering == ROWS_OF_BATCH else ""
