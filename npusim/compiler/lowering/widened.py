"""Images whose channels a pass of the array filled up to sixteens for a depthwise window."""

from __future__ import annotations

from npusim.compiler.lowering.place import Placed


class Widened(str):
    """The name of such an image. A type of its own, for a tensor of the graph may be called so, too."""

    __slots__ = ()


def widens(step: Placed) -> bool:
    """Whether a step is such a pass."""
    return len(step.writes) == 1 and isinstance(step.writes[0], Widened)


def reads_widened(step: Placed) -> bool:
    """Whether a step is a window behind such a pass."""
    return bool(step.reads) and isinstance(step.reads[0], Widened)
