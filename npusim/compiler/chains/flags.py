"""Flags that a comparison makes, converted to the type of what a Where chooses among.

Intel's compiler compares to bytes, 0 or 1 (`NotEqual` of an IsNaN, `Greater`), and its Select takes three tensors of
one type: a kernel of its own converts them in between (`IsNaN/converted_to_f16`, `Greater/converted_to_f16` in 53 and
33 of its schedules). Of scores that do not fit these cross DDR once more, twice as large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.graph import DType, Node, Value
from npusim.work import VectorWork

COMPARED = frozenset(["IsNaN", "Greater"])
WHY = "flags are converted to the type of what a Where chooses among by a DSP kernel"


def flags_converted(placed: list[Placed], values: dict[str, Value]) -> list[Placed]:
    """The steps, each comparison's conversion behind it. `values` gets what they make, float16."""
    readers = reading_steps(placed)
    renamed: dict[str, str] = {}
    found = []
    for step in placed:
        reads = tuple(renamed.get(n, n) for n in step.reads)
        found.append(step._replace(reads=reads) if reads != step.reads else step)
        if step.engine == "dsp" and step.node.op_type in COMPARED and _chosen_by(step, placed, readers):
            name = step.writes[0]
            renamed[name] = f"{name}/converted"
            found.append(_conversion(step, name, renamed[name], values))
    return found


def _chosen_by(step: Placed, placed: list[Placed], readers: Mapping[str, list[int]]) -> bool:
    """Whether Wheres on the DSPs, and nobody else, read the flags."""
    after = [placed[i] for i in readers.get(step.writes[0], [])]
    return bool(after) and all(s.node.op_type == "Where" and s.engine == "dsp" for s in after)


def _conversion(step: Placed, name: str, out: str, values: dict[str, Value]) -> Placed:
    values[out] = replace(values[name], name=out, dtype=DType.FLOAT16)
    elements = values[name].elements
    return step._replace(
        node=Node(out, "Cast", (name,), (out,)),
        steps=(VectorWork("convert", elements, independent=elements),),
        reason=WHY,
        reads=(name,),
        writes=(out,),
        fixed_bytes=0.0,
        macs=0.0,
        reshaped=frozenset(),
        padded=(),
    )
