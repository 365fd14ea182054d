"""Images of channels that fill no sixteens, as they lie between steps that read and write them filled up.

Intel's compiler 8.4 gives a convolution, pooling or depthwise window whole sixteens of channels; the slice behind the
one and the filling in front of the next cancel out, through additions and kernels of an element each, too. So what
crosses DDR between two such crosses with its zeros (10 channels of 178 x 318 behind a PReLU: 1.81 MB, not 1.13), and
takes as much room. Read off Intel's schedules, on three NPUs, of 12 graphs of convolutions without padding of 10, 24
and 40 channels, whose columns are not folded (npusim.compiler.layouts.folded_columns). What is
joined, cut or leaves the graph lies without its padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.layouts.folded_columns import ON_CHANNELS, Folds
from npusim.compiler.layouts.folded_works import uneven
from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.lowering.image_order import CONVOLUTIONS, POOLS
from npusim.compiler.lowering.lowered import is_elementwise_pass
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacWork, VectorWork


def padded_sizes(
    placed: Sequence[Placed],
    values: Mapping[str, Value],
    sizes: Mapping[str, float],
    outputs: Set[str],
    folds: Folds,
) -> dict[str, float]:
    """Bytes, with their padding, of the images that all who read them want padded."""
    padded: dict[str, Placed] = {}  # by whom they are made
    for step in placed:
        if len(step.writes) == 1 and uneven(values[step.writes[0]]):
            passed_on = not padded.keys().isdisjoint(step.reads) and _element_by_element(step, values)
            if passed_on or _on_sixteens(step, folds):
                padded[step.writes[0]] = step
    if not padded:
        return {}
    readers = reading_steps(placed)
    left = list(padded)
    while left:
        name = left.pop()
        if name not in padded:
            continue
        reads = [placed[k] for k in readers.get(name, ())]
        if name in outputs or not reads or not all([_takes(s, name, padded, values, folds) for s in reads]):
            left += [n for n in padded[name].reads if n in padded]  # who made it reads without padding, too
            del padded[name]
    even = {n: ceil_to(values[n].shape[1], CHANNEL_BLOCK) / values[n].shape[1] for n in padded}
    return {n: sizes[n] * share for n, share in even.items()}


def _takes(
    step: Placed, name: str, padded: Mapping[str, Placed], values: Mapping[str, Value], folds: Folds
) -> bool:
    """Whether a reader takes an image with its padding."""
    if _on_sixteens(step, folds):
        return (name, step.writes[0]) not in folds.crossing
    return len(step.writes) == 1 and step.writes[0] in padded and _element_by_element(step, values)


def _on_sixteens(step: Placed, folds: Folds) -> bool:
    """Whether a step takes and makes whole sixteens of channels of an image."""
    work = step.only if step.engine == "mac_array" else None
    if not isinstance(work, MacWork) or work.op not in ON_CHANNELS or len(step.writes) != 1:
        return False
    image = step.node.op_type in (*CONVOLUTIONS, *POOLS)
    return image and step.writes[0] not in folds.results and not is_folded(step)


def _element_by_element(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step works on each element of its images by itself."""
    work = step.only
    kernel = isinstance(work, VectorWork) and work.rows == 1
    shape = values[step.writes[0]].shape
    return (kernel or is_elementwise_pass(step.steps)) and all([values[n].shape == shape for n in step.reads])
