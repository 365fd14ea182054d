"""Images of a batch that wait behind a folded stem until their turn comes.

A stem whose columns are folded into channels takes all images of a batch before the first one goes on (`Conv_0/slice_0`
to `slice_7` in front of `Conv_2/slice_0` in Intel's schedules on NPU 3720 of MobileNet-v1 and -v2, MnasNet,
EfficientNet-Lite0 and GoogLeNet over 4 and 8 images at 224 pixels; stems that are not folded, of 96 pixels, AlexNet's
and SqueezeNet's, take one image, which goes on at once). The results that find no room on a tile beside a step are
written to DDR once, those needed last first (`spill_write`), and as many as there is room for are read again ahead of
their turn, whenever a smaller step leaves it (`spill_read`, up to five times an image)."""

from __future__ import annotations

from collections.abc import Sequence


def waiting_images(
    images: int, share: float, beside: float, needs: Sequence[float], room: float
) -> tuple[int, int]:
    """How many of a stem's `images` are written to DDR, and how many times one is read. Bytes of a tile: `share` of an
    image's result, what stands `beside` those while the stem makes them, `needs` of the steps behind, of `room`."""
    within = range(min(images, _fitting(room - beside, share)))
    inside, outside = set(within), set(range(images)).difference(within)
    written, read = len(outside), 0
    for image in range(images):
        read += image not in inside
        inside.discard(image)
        for need in needs:
            fitting = _fitting(room - need, share)
            for away in sorted(inside)[fitting:]:
                inside.discard(away)
                written += away not in outside
                outside.add(away)
            arriving = [n for n in range(image + 1, images) if n not in inside][: fitting - len(inside)]
            inside.update(arriving)
            read += len(arriving)
    return written, read


def _fitting(room: float, share: float) -> int:
    return max(0, int(room // share))
