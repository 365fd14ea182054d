"""Scores that a batch of products reads as its right operand cross DDR behind their softmax.

    Softmax -> [Transpose ->] MatMul (values [.., channels, keys] on its left)

Attention inside convolutional nets (YOLO11, YOLO12, and eight graphs of 1x1 convolutions: 2 to 8 heads of 32 and 64
over 49 to 400 pixels, areas of 1 and 4) keeps its values channels first, so that the scores stand where weights do.
Intel's schedules write them out of each softmax, in 15 of 16 on NPU 4000 and 5010 (144 pixels in 4 heads on 4000
stay) and in the four looked at on 3720. Scores on the left of a product stayed inside in three of four schedules of
transformers of 169 and 197 tokens. What else crosses there (scores in front of a scale of their own) is not told."""

from __future__ import annotations

from npusim.compiler.lowering.lowered import batch_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad


def turned_scores(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """What a product of attention writes to DDR and reads again where its right operand is a softmax's result."""
    if not scratchpad.as_scheduled or len(step.reads) < 2 or batch_of(step.steps) is None:
        return
    if step.reads[1] not in scratchpad.softmaxes or step.node.op_type != "MatMul":
        return
    holder = scratchpad.holder(step.reads[1])
    if holder is not None:
        scratchpad.write_too(holder, r)
        r.loads.append((f"{holder}/turned", scratchpad.sizes[holder], 1))
