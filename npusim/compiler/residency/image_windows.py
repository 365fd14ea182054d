"""Images of a batch whose convolution is cut into windows (npusim.compiler.layouts.windows): each by itself.

Intel's compiler turns an image for a window, convolves it and pools what that makes before the next image (patches of
14 x 14, 16 x 16 and 32 x 32 of 2 to 16 images, all NPUs); an image that does not fit goes in rows."""

from __future__ import annotations

from math import ceil

from npusim.compiler.cutting.split import Blocks
from npusim.compiler.layouts.windows import bytes_made, cut_into_windows
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad


def windows_by_image(step: Placed, scratchpad: Scratchpad, r: Residence) -> bool:
    """Plan a convolution of a batch in windows, an image at a time; False where a step is none."""
    if step.images <= 1 or not step.reads_turned or not cut_into_windows(step):
        return False
    images = step.images
    image = (scratchpad.bytes_of(step.reads) + bytes_made(step.steps[0])) / images
    room = scratchpad.resident_bytes - min(step.fixed_bytes / images, scratchpad.resident_bytes / 4)
    r.blocks = Blocks(rows=images * ceil(image / room))
    r.pieces, r.destination = r.blocks.pieces, "ddr"
    scratchpad.spill_all(step.reads, r)
    r.loads = [(n, scratchpad.sizes[n], r.pieces) for n in step.reads]
    r.weights_held = step.fixed_bytes / images
    r.overlaps, r.weights_until = False, 0.0
    r.reason = f"in {r.pieces} pieces, an image after the other, joined in DDR"
    return True
