"""Steps whose result goes by their inputs: left where these came from, or written over one of them."""

from __future__ import annotations

from npusim.compiler.layouts.norm_edges import normalises_channels
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.relaid import LOADED_TURNED
from npusim.compiler.scratchpad.scratchpad import OPENED, Scratchpad
from npusim.compiler.sharing.distribution import ADDED, IMAGE, scales_rows
from npusim.compiler.sharing.pieces import scales_planes, works_in_place

# MAC-array passes that leave their result where their inputs came from
FOLLOWING_PASSES = ("Add", "Sub", "Mul")


def follow(step: Placed, scratchpad: Scratchpad, missing: list[str]) -> str:
    """Element-wise and DSP steps whose inputs all came from DDR leave their output there."""
    own = step.engine == "mac_array" and step.node.op_type not in FOLLOWING_PASSES
    own = own or not scratchpad.staying.isdisjoint(step.writes)
    if step.lowering == "scale_shift" and step.writes[0] in scratchpad.added_next:
        own = True  # Multiply/as_scaleshift, then Add/cluster_0 without a transfer
    if scales_rows(step) or scales_planes(step):
        own = True  # of a normalisation in groups: its image is turned and scaled on the way to a convolution
    own |= (
        bool(scratchpad.memory.image_norm_rows)
        and step.lowering == "decomposed"
        and normalises_channels(step)
    )
    own |= any(name in scratchpad.stays for name in step.writes)
    if step.engine == "dma" and step.node.op_type == "Convert":
        own |= not scratchpad.quantised_next.isdisjoint(step.writes)
    if step.engine == "dsp":  # its input crossed for its padding alone (HardSwish of a PicoDet on NPU 3720)
        own |= any((n, step.writes[0]) in scratchpad.folds.crossing for n in step.reads)
        # or for the tiles' sharing alone (Swish of EfficientNet-B0, B1, EfficientDet behind a folded image there)
        own |= not scratchpad.shared_otherwise.isdisjoint(step.reads)
    if scratchpad.norms_stay and of_phases(step, scratchpad):
        own = scratchpad.joined_next.isdisjoint(step.writes)
    if not scratchpad.cut_out.isdisjoint(step.reads):
        own = True  # it was written to DDR for its readers: each loads its channels and goes on inside
    if not scratchpad.of_many_weights.isdisjoint(step.reads):
        own = True  # every tile has the sum for the next convolution
    if step.node.op_type == "DepthToSpace":
        own = True  # the pass that writes its planes reads it where it lies
    if step.lowering == LOADED_TURNED:
        own = True  # the pooling of a line that is turned as it is loaded
    if step.node.op_type == "Convert" and step.sharing == IMAGE:
        own = True  # an image that lies channels last: its convolution reads it where it was converted
    if step.reads and scratchpad.sharing_of(step.reads[0]) == ADDED:
        own = True  # the softmax of scores with a mask: its product takes it head by head
    missing = [n for n in missing if n not in scratchpad.made_room]
    if not scratchpad.memory.follow_input or own or len(missing) < max(1, len(step.reads)):
        return "scratchpad"
    return "ddr"


def of_phases(step: Placed, scratchpad: Scratchpad) -> bool:
    """Whether a step normalises the channels of what a transposed convolution put in place, on several tiles."""
    several = scratchpad.tiles > 1 and normalises_channels(step)
    return several and not scratchpad.put_in_place.isdisjoint(step.reads)


def saved_in_place(k: int, step: Placed, scratchpad: Scratchpad) -> float:
    """Bytes an element-wise step saves by writing over an input that nobody needs afterwards."""
    if step.lowering == OPENED and len(step.reads) > 1:
        return scratchpad.sizes[step.writes[0]]
    if not works_in_place(step) or (step.engine == "dsp" and scratchpad.kernels_apart):
        return 0.0
    size = scratchpad.sizes[step.writes[0]]
    gate = scales_planes(step) and len(step.reads) > 1
    if gate and 2 * size > scratchpad.resident_bytes:
        return 0.0  # a convolution to the array: cut, its result joined in DDR (not behind a normalisation)
    whole = (n for n in step.reads if n not in scratchpad.part_of or scratchpad.holder(n) in (None, n))
    return size if any(scratchpad.sizes[n] == size and scratchpad.dead_after(n, k) for n in whole) else 0.0
