"""A batch of images that convolutions and poolings in a row take one image after another.

Where Intel's compiler 8.4 calls no function for each image (npusim.compiler.residency.calls), it writes a convolution
or pooling of a batch as one of each image (`slice_127` to `slice_0` in its schedules). An image passes all that follow
one another before the next one begins, and what they hand on stays; what goes in and comes out, all images of it,
crosses DDR: nothing is joined inside. So is what additions, kernels and products of the whole batch read and make
beside them (HardNet of 128 patches: seven convolutions an image, 12.6 MB on NPU 3720 where every result crosses 329;
ResNet-18 of 4 images on NPU 3720: chains of two convolutions, the shortcut's by itself; O-Net of 16: a pooling and a
convolution between kernels, 16.2 MB where nothing crosses 1.2).

Weights stay for all images while they fit beside an image; of those that stream a share of that room stays
(`images_keep`), and of the rest each image reads its own again (R-CNN's mask head, 4 convolutions of 1.2 MB over 32
images: two of them once, two 32 times on NPU 3720 and 5010; the last two of ResNet-18 of 4 images on NPU 3720 2.6 and
2.8 times, of 16 images 16 times, of VGGish four times)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from npusim.compiler.cutting.strips import Cut, Machine
from npusim.compiler.layouts.images_in_turn import crosses_alone, scales_images, takes_images
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import SLABS
from npusim.compiler.sharing.pieces import weight_copies
from npusim.work import MacOp, MacWork

KEPT = 0.85  # of the room beside an image, of weights that stay
CHANNEL_CUTS = 4


def image_chains(
    placed: Sequence[Placed],
    readers: Mapping[str, list[int]],
    sizes: Mapping[str, float],
    outputs: Set[str],
    machine: Machine,
) -> dict[int, tuple[int, Cut]]:
    """Where chains begin: index of the first step -> how many steps, and their cut, an image a piece."""
    found: dict[int, tuple[int, Cut]] = {}
    k = 0
    while k < len(placed):
        end = k
        while end < len(placed) and _goes_on(placed, k, end, readers, outputs):
            end += 1
        members = placed[k:end]
        if len(members) > 1 and _fits(members, sizes, machine):
            images = max(s.images for s in members)
            again = _again(members, images, sizes, machine)
            ones = tuple(1.0 for _ in members)
            arriving = tuple((n, 1.0) for n in members[0].reads)
            found[k] = len(members), Cut(images, 1, ones, arriving, images=True, weights_again=again)
        k = max(k + 1, end)
    return found


def _goes_on(
    placed: Sequence[Placed], k: int, at: int, readers: Mapping[str, list[int]], outputs: Set[str]
) -> bool:
    """Whether the step `at` takes images one by one, of the chain that begins at `k`."""
    step = placed[at]
    if at == k:
        behind = placed[at + 1 : at + 2]
        return takes_images(step) or _turns(step, behind, outputs) or _scales_for(step, behind, readers)
    before = placed[at - 1].writes[0]
    alone = readers.get(before, []) == [at] and before not in outputs
    return (
        alone
        and (takes_images(step) or scales_images(step))
        and step.reads == (before,)
        and not step.reshaped
        and step.node.op_type != "ConvTranspose"
    )


def _turns(step: Placed, behind: Sequence[Placed], outputs: Set[str]) -> bool:
    """Whether a step turns images for one that takes them one by one."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.PERMUTE_IMAGE or step.sharing == SLABS:
        return False
    return bool(behind) and behind[0].reads == step.writes and crosses_alone(behind[0], outputs)


def _scales_for(step: Placed, behind: Sequence[Placed], readers: Mapping[str, list[int]]) -> bool:
    """Whether a step scales images for one alone that takes them one by one."""
    alone = scales_images(step) and len(readers.get(step.writes[0], [])) == 1
    return alone and bool(behind) and behind[0].reads == step.writes and takes_images(behind[0])


def _fits(members: Sequence[Placed], sizes: Mapping[str, float], machine: Machine) -> bool:
    """Whether every step has room for an image."""
    images = max(s.images for s in members)
    return max(_need(s, sizes) for s in members) / images <= machine.resident


def _need(step: Placed, sizes: Mapping[str, float]) -> float:
    return sizes[step.reads[0]] + sizes[step.writes[0]]


def _again(members: Sequence[Placed], images: int, sizes: Mapping[str, float], machine: Machine) -> float:
    """How many times the weights of a chain are read. Some stream in pieces of channels where a quarter of a tile is
    too small for its share of them; one convolution alone has all of them read again then, and so has the first of
    several (256 x 256 x 3 x 3 twice, of ResNet-18 over 8 and 16 images and of a mask head over 32, on NPU 3720 and
    5010: the first for each image, the second once)."""
    held = [s.fixed_bytes * weight_copies(s, machine.tiles) for s in members]
    streaming = [CHANNEL_CUTS * h / machine.tiles > machine.tile_bytes for h in held]
    streams = any(streaming)
    if streams and sum(s.images > 1 for s in members) == 1:
        return float(images)
    weights = sum(held)
    room = machine.resident - max(_need(s, sizes) for s in members) / images
    share = machine.streaming_kept if streams else KEPT
    kept = weights if weights <= room * KEPT else max(0.0, room * share)
    first = next((i for i, h in enumerate(held) if h), 0)
    if streaming[first]:
        kept = min(kept, weights - held[first])
    return 1.0 + (images - 1) * (1.0 - kept / weights) if weights else 1.0
