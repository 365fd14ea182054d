"""A long window over a line of one channel, as networks on raw sound begin with -> one over several channels.

Samples one after another are channels, as they lie: of 64,000 under 127 taps at stride 64 it makes 4,000 places of 16
channels under 8 taps at stride 4 (`FoldConvStrideKernel`, `with_padded_large_kernel` in Intel's compiler 8.4). The
window is filled up to whole strides first, the line too. A place gets so many samples that as many taps as go into 8
are left, or a whole stride where those do not divide it: 12 taps at stride 4 are 6 of 2, 20 at 10 are 2 of 10, 400 at
160 are 3 of 160, 80 at 4 are 20 of 4, which are cut then. Padding that is no whole places keeps the line as it is, and
so does a window that would be filled up and cut all the same (49 taps and 81 at 4), but at a stride that the array
cannot do: of 251 taps at 10, a SincNet's first, 250 are 25 of 10 there and cut, the last is a window of its own, added;
here they are 26 of 10.

60 of 60 convolutions of 10 to 2,048 taps at strides of 2 to 512 on NPU 3720, 12 of them on 4000 and 5010: none of two
channels or 64, none of strides of 1, none that the array does in one, no 12 taps on 5010. `[N,1,L]`, `[N,1,1,L]` and
`[N,1,L,1]` alike, whoever makes the line.
"""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node
from npusim.ops.slicing import MAX_STRIDE

MOST_TAPS = 8  # that a fold aims for


def samples_a_place(taps: int, stride: int) -> int:
    """How many samples become channels of one place."""
    whole = -(-taps // stride) * stride
    left = max(t for t in range(1, MOST_TAPS + 1) if whole % t == 0)
    samples = whole // left
    return samples if stride % samples == 0 else stride


def sound_into_channels(r: Rewriter, longest: int) -> None:
    """`longest`: the longest window that stays as it is."""
    for index, node in r.items("Conv"):
        found = _line(r, node)
        if found is None:
            continue
        axis, taps, stride, begin, end = found
        samples = samples_a_place(taps, stride)
        if taps <= longest or stride == 1 or begin % samples or end % samples:
            continue
        x, weight = node.inputs[:2]
        value, kernel = r.value(x), r.value(weight)
        batch, length = value.shape[0], value.shape[axis]
        places, left = -(-length // samples), -(-taps // stride) * stride // samples
        uneven = taps % stride or length % stride
        if left > longest and uneven and stride <= MAX_STRIDE:  # would be filled up, and cut all the same
            continue
        if length % samples:
            x = _filled(r, index, node, axis, places * samples)
        rank = len(value.shape) - 2
        behind = [1] * rank
        behind[axis - 2] = places
        rows, order = (batch, *behind, samples), (0, rank + 1, *range(1, rank + 1))
        image = (batch, samples, *behind)
        turned = _insert(r, index, node, "Reshape", x, rows)
        turned = _insert(r, index, node, "Transpose", turned, image, perm=order)
        window = [1] * rank
        window[axis - 2] = left
        folded = f"{weight}/over {samples} samples"
        r.values[folded] = replace(kernel, name=folded, shape=(kernel.shape[0], samples, *window), data=None)
        sides = [0] * (2 * rank)
        sides[axis - 2], sides[axis - 2 + rank] = begin // samples, end // samples
        steps = [1] * rank
        steps[axis - 2] = stride // samples
        shape = {"kernel_shape": tuple(window), "strides": tuple(steps), "pads": tuple(sides)}
        kept = {k: v for k, v in node.attributes.items() if k != "auto_pad"}
        inputs = (turned, folded, *node.inputs[2:])
        r.replace([index], replace(node, inputs=inputs, attributes=kept | shape))


def _line(r: Rewriter, node: Node) -> tuple[int, int, int, int, int] | None:
    """Axis, taps, stride and padding of a window along a line of one channel; None for any other."""
    shape, kernel = r.value(node.inputs[0]).shape, r.value(node.inputs[1])
    rank = len(shape) - 2
    if rank not in (1, 2) or shape[1] != 1 or not kernel.constant or len(kernel.shape) != rank + 2:
        return None
    long = [axis for axis in range(2, rank + 2) if shape[axis] > 1]
    if len(long) != 1 or any(kernel.shape[a] > 1 for a in range(2, rank + 2) if a not in long):
        return None
    if node.attribute("auto_pad", "NOTSET") not in ("NOTSET", b"NOTSET", "VALID", b"VALID"):
        return None
    spread = node.attribute("dilations") or (1,) * rank
    sides = tuple(node.attribute("pads") or (0,) * 2 * rank)
    at = long[0] - 2
    others = [side for i, side in enumerate(sides) if i % rank != at]
    if max(spread) > 1 or any(others):
        return None
    stride = int((node.attribute("strides") or (1,) * rank)[at])
    return long[0], kernel.shape[long[0]], stride, int(sides[at]), int(sides[at + rank])


def _filled(r: Rewriter, index: int, node: Node, axis: int, length: int) -> str:
    """The line with zeros behind it, to whole places."""
    value = r.value(node.inputs[0])
    shape = tuple(length if i == axis else n for i, n in enumerate(value.shape))
    sides = [0] * (2 * len(shape))
    sides[len(shape) + axis] = length - value.shape[axis]
    return _insert(r, index, node, "Pad", value.name, shape, pads=tuple(sides))


def _insert(
    r: Rewriter, index: int, node: Node, kind: str, name: str, shape: tuple[int, ...], **attributes: object
) -> str:
    made = f"{node.name}/{kind.lower()} of samples"
    r.values[made] = replace(r.value(name), name=made, shape=shape, data=None)
    r.insert(index, Node(made, kind, (name,), (made,), attributes, repeats=node.repeats))
    return made
