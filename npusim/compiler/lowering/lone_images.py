"""Images of the graph that one op alone works on: for these the laws of size hold.

Intel's compiler turns an image that does not fit beside itself as a whole, through DDR, so that one op on an image
twice as large may take 3.5 times as long. In a network turning is a small part of the time and much of the bytes: of
300 random residual blocks, MobileNet blocks and convolutions with Swish 7 leave the bounds of doubling where Intel's
way is followed and 5 where it is not, and bytes of 14 more layers of prompts and of 10 more networks come within 15 %
of Intel's schedules (both halves, profile 2026). So profiles that keep the law keep it for lone ops, and for the
queries of an Attention, which are scaled first."""

from collections.abc import Sequence, Set

from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed


def stands_alone(reader: Placed, outputs: Set[str]) -> bool:
    """Whether a step that reads an image of the graph makes an output of it, or scales it."""
    return reader.lowering == "scale_shift" or not outputs.isdisjoint(reader.node.outputs)


def lone_images(placed: Sequence[Placed], outputs: Set[str]) -> frozenset[int]:
    """The passes that turn such images, and the steps that read them."""
    readers = reading_steps(placed)
    found: set[int] = set()
    for k, step in enumerate(placed):
        behind = readers.get(step.writes[0], []) if step.node.op_type == "MemPermute" and step.writes else []
        if behind and all(stands_alone(placed[r], outputs) for r in behind):
            found |= {k, *behind}
    return frozenset(found)
