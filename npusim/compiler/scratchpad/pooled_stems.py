"""Results of an image's first convolution that a pooling reads through DDR, for want of room in one place.

The image as it came, turned, the weights and the result lie one behind another in a tile; where the four do not fit
into it, the image was turned to its beginning and the result lies behind that; where they do, on NPU 4000 behind both
images, weights behind it. What is pooled, there with the rows that a window behind it reads around a tile's own, finds
room before or behind the result, or the result is written and read back, though the two of them fit (NPU 4000, there in
steps of 32 KB, and 5010; never on 3720): 3 x 3 of 64 channels at 150 to 168 x 160, not at 144, on 5010; 208 to 216
x 160, not 192, on 4000; 128 channels of 152 x 112 on 4000, of 114 x 112 not on 5010; 32 of 240 and 256 x 256 on 4000,
not of 208 x 256 nor 256 x 224; SqueezeNet at 320 pixels: 18 of 18."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.pieces import POOLINGS, takes_turned_image
from npusim.work import MacOp, MacWork


def pooled_stems(
    steps: Sequence[Placed], sizes: Mapping[str, float], tiles: int, tile_bytes: float, steps_of: float
) -> frozenset[str]:
    """Names of such results; `steps_of`: bytes that tensors are rounded up to."""
    made = {n: s for s in steps for n in s.writes}
    around = _rows_around(steps) if steps_of > 1 else {}
    found: set[str] = set()
    for pooling in steps if tiles > 1 else ():
        pool, stem = pooling.only, made.get(pooling.reads[0]) if len(pooling.reads) == 1 else None
        if not isinstance(pool, MacWork) or pool.op not in POOLINGS or stem is None:
            continue
        turn = made.get(stem.reads[0]) if len(stem.reads) == 1 and takes_turned_image(stem) else None
        work = stem.only
        if not isinstance(work, MacWork) or turn is None or not isinstance(turn.only, MacWork):
            continue
        if turn.only.op != MacOp.PERMUTE_IMAGE or stem.images > 1:
            continue
        rows = min(pool.in_h, (ceil(pool.out_h / tiles) - 1) * pool.stride_h + pool.kernel_h)
        share = min(1.0, ((rows - 1) * work.stride_h + work.kernel_h) / work.in_h)
        rows_out = ceil(pool.out_h / tiles) + around.get(pooling.writes[0], 0.0)
        share_out = rows_out / pool.out_h
        held = [share * sizes[n] for n in (turn.reads[0], stem.reads[0])]
        held += [rows / pool.in_h * sizes[stem.writes[0]], stem.fixed_bytes]
        image, turned, result, weights = (ceil(nbytes / steps_of) * steps_of for nbytes in held)
        pooled = ceil(share_out * sizes[pooling.writes[0]] / steps_of) * steps_of
        fits = image + turned + weights + result <= tile_bytes
        before, after = (image + turned, weights) if fits else (turned, 0.0)
        swizzled = steps_of > 1  # else what lies behind the image and itself turned was never seen to leave
        if (swizzled or not fits) and pooled > max(before, tile_bytes - before - result - after):
            found.add(stem.writes[0])
    return frozenset(found)


def _rows_around(steps: Sequence[Placed]) -> dict[str, float]:
    """Rows that a window reads around a tile's own, by what it reads: whoever makes that writes them too."""
    windows = ((s, s.only) for s in steps if len(s.reads) == 1)
    return {
        s.reads[0]: w.kernel_h - w.stride_h
        for s, w in windows
        if isinstance(w, MacWork) and w.op != MacOp.ELTWISE and w.kernel_h > w.stride_h
    }
