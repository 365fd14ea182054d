"""An addition, the normalisation of its rows, the products that read these: what stays in the scratchpads between them.

In Intel's schedules of encoders and decoders (64 to 1,000 rows of 256 to 768 numbers) a sum stays for the
normalisation behind it, and what is normalised for the products, however many read it, wherever both lie over the
tiles in equal parts: a sum over sixteens of its elements, laid out as the most even rectangle; rows that are
normalised one by one; their scale over rows of pixels, or over channels where a tile has few pixels."""

from __future__ import annotations

from collections.abc import Iterator

from npusim.compiler.lowering.lowered import PRODUCTS, is_elementwise_pass
from npusim.compiler.lowering.place import Placed
from npusim.ops.counting import CHANNEL_BLOCK, PIXELS_PER_ROW, most_even_rectangle
from npusim.work import MacWork, VectorWork

#: Pixels of a tile from which on a scale is shared over rows: 32 and 48 are, 16 and 21 are shared over channels.
LEAST_PIXELS = 32
#: Why sums cross DDR to be normalised, and rows to be scaled.
UNEVEN = "shared in other parts than rows are normalised in"
#: The lowering of passes over batches of sequences (npusim.compiler.layouts.rows_of_batch).
ROWS_OF_BATCH = "rows_of_batch"
Edge = tuple[str, str]  # a tensor and what its reader makes


def shares(extent: int, tiles: int) -> list[int]:
    """An extent shared by the tiles as evenly as whole numbers allow."""
    whole, rest = divmod(extent, tiles)
    return [whole + (tile < rest) for tile in range(tiles)]


def normalises_rows(step: Placed) -> bool:
    """Whether a step is a normalisation of rows by a kernel and a pass that scales them."""
    return (
        step.node.op_type == "LayerNormalization" and step.lowering == "decomposed" and len(step.steps) == 2
    )


def normalises_pixels(step: Placed) -> bool:
    """Whether a step is a normalisation of an image over its channels, pixel by pixel, by a kernel."""
    image = step.node.op_type == "MeanVarianceNormalization" and len(step.steps) == 1
    return image and tuple(step.node.attribute("axes") or ()) == (1,) and step.engine == "dsp"


def normalises_channels(step: Placed) -> bool:
    """Whether a step is a normalisation of an image channel by channel by a kernel."""
    return step.node.op_type == "InstanceNormalization" and step.engine == "dsp"


def _rows(step: Placed) -> tuple[int, int]:
    """Rows that are normalised, and their length."""
    kernel = step.steps[0]
    assert isinstance(kernel, VectorWork)
    return int(kernel.rows), int(kernel.elements / kernel.rows)


def scaled_where_it_lies(step: Placed, tiles: int, wide: int) -> bool:
    """Whether the kernel of a normalisation and the pass behind it share rows in the same way. `wide`: pixels of a
    row."""
    rows, _ = _rows(step)
    columns = wide if rows % wide == 0 else PIXELS_PER_ROW
    if tiles == 1:
        return rows % columns == 0
    if rows % columns or rows < LEAST_PIXELS * tiles:
        return False
    return [n * columns for n in shares(rows // columns, tiles)] == shares(rows, tiles)


def _lies_in_rows(added: Placed, step: Placed, tiles: int) -> bool:
    """Whether a sum lies over the tiles as the rows that are normalised."""
    rows, length = _rows(step)
    sixteens, rest = divmod(rows * length, CHANNEL_BLOCK)
    if rest or added.padded:
        return False
    height, columns = most_even_rectangle(sixteens)
    parts = [n * columns * CHANNEL_BLOCK for n in shares(height, tiles)]
    return parts == [n * length for n in shares(rows, tiles)]


def norm_edges(steps: list[Placed], tiles: int) -> dict[Edge, bool]:
    """Edges from sums to normalisations, and from these to products: whether the tensor stays for its reader. A sum
    whose parts are not whole rows of the tile that normalises them crosses DDR (128 rows of 768 on NPU 4000 in Intel's
    schedules: 652 us on four tiles, 779 on five)."""
    return dict(_edges(steps, tiles))


def _edges(steps: list[Placed], tiles: int) -> Iterator[tuple[Edge, bool]]:
    maker: dict[str, Placed] = {}
    for step in steps:
        source = maker.get(step.reads[0]) if step.reads else None
        if step.lowering == ROWS_OF_BATCH:
            # a shift follows its scale; what is scaled or added lies in other parts
            stays = source is not None and source.lowering == ROWS_OF_BATCH and len(step.reads) == 1
            yield from (((name, step.writes[0]), stays) for name in step.reads)
        elif source is not None and source.lowering == ROWS_OF_BATCH and step.writes:
            yield (step.reads[0], step.writes[0]), _whole_sequences(source, step, tiles)
        elif source is not None and step.writes:
            edge = step.reads[0], step.writes[0]
            if normalises_rows(step) and is_elementwise_pass(source.steps):
                yield edge, _lies_in_rows(source, step, tiles)
            elif _in_other_parts(source, step, tiles):
                yield edge, False
            elif step.node.op_type in PRODUCTS and step.fixed_bytes and normalises_rows(source):
                yield edge, True
        for name in step.reads if is_elementwise_pass(step.steps) else ():
            scale = maker.get(name)
            if scale is not None and _scales_layer(scale, maker):
                yield (name, step.writes[0]), True
        maker |= dict.fromkeys(step.writes, step)


def _whole_sequences(source: Placed, step: Placed, tiles: int) -> bool:
    """Whether a normalised batch stays for a product: where the tiles have equal parts of it."""
    work = source.only
    return isinstance(work, MacWork) and int(work.out_h) % tiles == 0 and step.node.op_type in PRODUCTS


def _in_other_parts(source: Placed, step: Placed, tiles: int) -> bool:
    """Whether the tiles have uneven shares of a convolution's rows where rows of channels are normalised (56 and 28 on
    the three of NPU 5010, not 48 and 24; ConvNeXt), of any image's where its pixels are, or scale these otherwise."""
    if normalises_rows(step):
        return source.node.op_type == "Conv" and _uneven_rows(source, tiles)
    if normalises_pixels(step):
        return _uneven_rows(source, tiles)
    return normalises_pixels(source) and _scaled_elsewhere(step, tiles)


def _uneven_rows(step: Placed, tiles: int) -> bool:
    """Whether the tiles have uneven shares of the rows of what the MAC array makes."""
    work = step.steps[-1] if step.steps else None
    return isinstance(work, MacWork) and int(work.out_h) % tiles > 0


def _scaled_elsewhere(step: Placed, tiles: int) -> bool:
    """Whether the scale of an image that was normalised over its channels shares it otherwise: the kernel's tiles have
    whole rows, the pass has lines of four pixels (30 x 30 of 96 channels on two tiles are 225 lines; not 28 x 28)."""
    work = step.only
    if step.lowering != "scale_shift" or not isinstance(work, MacWork):
        return False
    lines, rest = divmod(int(work.out_h * work.out_w), PIXELS_PER_ROW)
    return rest > 0 or lines % tiles > 0


def _scales_layer(step: Placed, maker: dict[str, Placed]) -> bool:
    """Whether a step scales what a product made in rows, and turns it to an image: it stays to be added (ConvNeXt's
    LayerScale in Intel's schedules of all NPUs)."""
    if step.lowering != "scale_shift" or len(step.reads) != 1 or not step.reshaped.issuperset(step.reads):
        return False
    source = maker.get(step.reads[0])
    return source is not None and source.node.op_type in PRODUCTS
