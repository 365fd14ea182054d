"""A batch of images that convolutions and poolings in a row take one image after another.

Where Intel's compiler 8.4 calls no function for each image (npusim.compiler.residency.calls), it writes a convolution
or pooling of a batch as one of each image (`slice_127` to `slice_0` in its schedules). An image passes all that follow
one another before the next one begins, and what they hand on stays; what goes in and comes out, all images of it,
crosses DDR: nothing is joined inside. So is what additions, kernels and products of the whole batch read and make
beside them (HardNet of 128 patches: seven convolutions an image, 12.6 MB on NPU 3720 where every result crosses 329;
ResNet-18 of 4 images on NPU 3720: chains of two convolutions, the shortcut's by itself; O-Net of 16: a pooling and a
convolution between kernels, 16.2 MB where nothing crosses 1.2).

Weights stay for all images while they fit beside an image; else all stay but what the room beside an image and the
largest piece does not hold, and of the rest each image reads its own again (`_again`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import ceil

from npusim.compiler.cutting.strips import Cut, Machine, Waiting
from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.layouts.images_in_turn import (
    convolves_sixteens,
    scales_images,
    takes_images,
    turns_images,
)
from npusim.compiler.lowering.place import Placed
from npusim.compiler.planes.waiting_stems import waiting_images
from npusim.compiler.sharing.pieces import convolution_of, weight_copies
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacWork

ROOM = 0.975  # of a tile
# Where images of a folded stem wait: their results of 0.4 MB lie in pieces, and what is left between is too short.
WAITING_ROOM = 0.95
CHANNEL_CUTS = 4
MOST_PIECE = 0.42  # of a tile: half of 512 x 512 x 3 x 3 on four tiles, a quarter on two
TURNED_ROOM = 2.5  # places of an image the DMA turned inside: turned, copied to all tiles, holes between


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
        while end < len(placed) and _goes_on(placed, k, end, readers, outputs, machine.turned_first):
            end += 1
        members = placed[k:end]
        if len(members) > 1 and _fits(members, sizes, machine):
            images = max(s.images for s in members)
            turned = any(s.writes == members[0].reads and s.lowering == "dma_permute" for s in placed[:k])
            again = _again(members, images, sizes, machine, turned)
            ones = tuple(1.0 for _ in members)
            arriving = tuple((n, 1.0) for n in members[0].reads)
            waiting = _waiting(members, images, sizes, machine)
            cut = Cut(images, 1, ones, arriving, images=True, weights_again=again, waiting=waiting)
            found[k] = len(members), cut
        k = max(k + 1, end)
    return found


def _goes_on(
    placed: Sequence[Placed],
    k: int,
    at: int,
    readers: Mapping[str, list[int]],
    outputs: Set[str],
    turned_first: bool,
) -> bool:
    """Whether the step `at` takes images one by one, of the chain that begins at `k`."""
    step = placed[at]
    if at == k:
        behind = placed[at + 1 : at + 2]
        turns = turns_images(step, behind, outputs) and not (turned_first and convolves_sixteens(behind[0]))
        return takes_images(step) or turns or _scales_for(step, behind, readers)
    before = placed[at - 1].writes[0]
    alone = readers.get(before, []) == [at] and before not in outputs
    return (
        alone
        and (takes_images(step) or scales_images(step))
        and step.reads == (before,)
        and not step.reshaped
        and step.node.op_type != "ConvTranspose"
    )


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


def _weights_held(members: Sequence[Placed], tiles: int) -> list[float]:
    """Bytes of each step's weights that a tile holds."""
    return [s.fixed_bytes * weight_copies(s, tiles) / tiles for s in members]


def _image_held(step: Placed, sizes: Mapping[str, float], images: int, tiles: int) -> float:
    """Bytes that a tile holds of what a step reads and makes of one image."""
    return _need(step, sizes) * _wholes(step, tiles) / images / tiles


def _waiting(
    members: Sequence[Placed], images: int, sizes: Mapping[str, float], machine: Machine
) -> Waiting | None:
    """The images that wait behind a folded stem, where there is one with steps behind it. Weights that do not all stay
    take what room is left: then each image is read when its turn comes (MobileNet-v1)."""
    stem = next((i for i, s in enumerate(members[:-1]) if is_folded(s)), None)
    if stem is None:
        return None
    tiles, first = machine.tiles, members[stem]
    share = sizes[first.writes[0]] / images / tiles
    beside = sizes[first.reads[0]] / images / tiles + first.fixed_bytes
    held = _weights_held(members, tiles)
    wholes = [_image_held(s, sizes, images, tiles) for s in members]
    room = WAITING_ROOM * machine.tile_bytes
    needs = [n + h for n, h in zip(wholes[stem + 1 :], held[stem + 1 :], strict=True)]
    written, read = waiting_images(images, share, beside, needs, room)
    filled = sum(held) + max(wholes) > room
    return Waiting(stem, written, min(read, written) if filled else read)


def _again(
    members: Sequence[Placed], images: int, sizes: Mapping[str, float], machine: Machine, turned_inside: bool
) -> float:
    """How many times the weights of a chain are read, each tile its share of them.

    Of weights that stream in pieces of channels (where a quarter of a tile is too small for their share) one
    convolution alone has all read again for each image, and so has the first of several. Of the others a tile keeps
    what it holds beside an image's input and result and one piece that arrives: of four convolutions of 256 x 256 x 3
    x 3 five of six pieces on NPU 3720 and 5010 where images are 7 x 7 and 10 x 10, four where they are 14 x 14; of 320
    x 320 three on NPU 3720 and 4000, two on 5010; of 128 to 256, 256, 512 and 256 channels 0.43 of all on 3720, 0.70
    on 4000, 0.35 on 5010. Images that the DMA turned inside lie there until it is their turn, and leave less room.
    Twelve heads of 2 to 6 convolutions on three NPUs: bytes within 15 % of Intel's in 26 of 35, 0.65 to 1.44 in all."""
    held = _weights_held(members, machine.tiles)
    streaming = [CHANNEL_CUTS * h > machine.tile_bytes for h in held]
    if any(streaming) and sum(s.images > 1 for s in members) == 1:
        return float(images)
    pieces = [
        _pieces(s, h, machine, streams) for s, h, streams in zip(members, held, streaming, strict=True) if h
    ]
    if not pieces:
        return 1.0
    weights = sum(n * b for n, b in pieces)
    largest = max(b for _, b in pieces)
    beside = max(_image_held(s, sizes, images, machine.tiles) for s in members)
    room = ROOM * machine.tile_bytes - beside
    turned = 0.0
    if turned_inside and not any(streaming):
        turned = TURNED_ROOM * sizes[members[0].reads[0]] / images
    waiting = min(images - 1, int((room - largest) // turned)) if turned else 0
    first = next(i for i, h in enumerate(held) if h)
    again = 1.0
    for n in range(images - 1):
        left = room - max(0, waiting - n) * turned
        kept = weights if weights <= left else max(0.0, left - largest)
        if kept < weights and any(streaming) and len({b for _, b in pieces}) == 1:
            kept = kept // largest * largest
        if streaming[first]:
            kept = min(kept, weights - pieces[0][0] * pieces[0][1])
        again += 1.0 - kept / weights
    return again


def _pieces(step: Placed, held: float, machine: Machine, streams: bool) -> tuple[int, float]:
    """In how many pieces of channels a tile reads its share of a convolution's weights, and bytes of the largest."""
    count = max(2, ceil(held / (MOST_PIECE * machine.tile_bytes))) if streams else 1
    work = step.only
    if not streams or not isinstance(work, MacWork):
        return count, held / count
    blocks = work.out_c / CHANNEL_BLOCK
    sharing = machine.tiles if weight_copies(step, machine.tiles) == 1 else 1
    steps_of = machine.whole.steps_of if machine.whole else 1.0
    return count, ceil(held * ceil(ceil(blocks / count) / sharing) * sharing / blocks / steps_of) * steps_of


def _wholes(step: Placed, tiles: int) -> int:
    """On how many tiles an image lies whole: on all of them where these share a convolution's channels."""
    over_channels = convolution_of(step) is not None and weight_copies(step, tiles) == 1
    return tiles if over_channels else 1
