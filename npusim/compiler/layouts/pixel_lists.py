"""The pixels of several maps in one list: what the heads of a detector make, of all its levels.

    Conv -> Reshape to [N,C,h*w]                \\
    Conv -> Reshape to [N,C,h*w]                 > Concat along the pixels [-> Transpose to [N,L,C]] -> Split, Sigmoid
    Conv -> Transpose, Reshape to [N,h*w*a,C/a]  > Concat along the rows

A map's channels lie side by side, and so do the list's: a Transpose to [N,L,C] moves nothing. Each map is written to
DDR, and on NPU 4000 and 5010 copied from there into the list (`concat_out`); on 3720 it is written where it belongs.
What a kernel makes of a list (the Sigmoid of the classes) is turned channels first by a pass where it leaves the graph
as a part of a whole. A list of more than 8,192 pixels, which no task takes at once, is cut in two for that: it crosses
DDR, and on NPU 4000 and 5010 what is turned is copied to the whole, and slices of the list that are read in another
shape (the places of a box's sides) are copied first.

Seen in Intel's schedules of YOLOv8n, v9t, v10n, 11n, YOLOX, NanoDet-plus and PicoDet at 256 to 640 pixels, SSDLite,
RetinaFace and an EfficientDet (NPU 5010; YOLOv8n, 11n and SSDLite on all three): the head of YOLOv8n at 640 pixels
moves 24.6 MB on NPU 5010, 12.2 without this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from math import ceil

from npusim.compiler.lowering.laid_anew import permuted
from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import PARTS
from npusim.graph import Node, Value
from npusim.ops.counting import PIXELS_PER_ROW, one_tap
from npusim.work import MacOp

MOST_PIXELS = 8192  # of one task along one axis
WHY = "what is made of a list of pixels is written channels first by a pass of the MAC array"


class Lists:
    """The lists of a graph. `pixels`: [N,C,L], and what is made of them; `rows`: [N,L,C]. `joined`: both.

    `copies`: by a whole in DDR, what is copied there for it; `stay`: results of kernels that are turned inside."""

    def __init__(self, pixels: Iterable[str], rows: Iterable[str]) -> None:
        self.pixels, self.joined = frozenset(pixels), frozenset((*pixels, *rows))
        self.copies: dict[str, list[str]] = {}
        self.stay: set[str] = set()
        self._turned: dict[str, list[str]] = {}  # long ones, by the whole they are parts of

    def turned(
        self, placed: list[Placed], values: dict[str, Value], sizes: dict[str, float], outputs: Set[str]
    ) -> list[Placed]:
        """The steps, with a pass behind each kernel that makes a list which leaves the graph channels first."""
        wholes = {
            n: s
            for s in placed
            if s.node.op_type == "Concat" and s.writes[0] in outputs and s.writes[0] not in self.joined
            for n in s.reads
            if n in self.pixels
        }
        made = {n for s in placed if s.engine == "dsp" for n in s.writes}
        turns = {n: f"{n}/planes" for n in wholes if n in made}
        steps: list[Placed] = []
        for step in placed if turns else ():
            if step.node.op_type == "Concat":
                step = step._replace(reads=tuple(turns.get(n, n) for n in step.reads))
                if any(n in turns and _long(values[n]) for n in wholes if wholes[n].writes == step.writes):
                    self._turned[step.writes[0]] = list(step.reads)
            steps.append(step)
            for name in step.writes:
                if name in turns:
                    steps.append(_turn(name, turns[name], values, sizes))
                    self.stay.update(() if _long(values[name]) else (name,))
        return steps or placed

    def copy(self, placed: list[Placed], values: Mapping[str, Value], part_of: Mapping[str, str]) -> None:
        """Note what is copied within DDR."""
        self.copies = dict(self._turned)
        for step in placed if self.joined else ():
            if step.node.op_type == "Concat" and step.writes[0] in self.joined:
                self.copies[step.writes[0]] = list(step.reads)
            if step.engine in ("dsp", "none"):
                continue
            for name in step.reads:
                whole = edge_of(name, part_of)
                if name != whole and name in step.reshaped and whole in self.pixels and _long(values[whole]):
                    copied = self.copies.setdefault(whole, [])
                    copied += [] if name in copied else [name]


def _long(value: Value) -> bool:
    return value.shape[-1] > MOST_PIXELS


def _turn(name: str, out: str, values: dict[str, Value], sizes: dict[str, float]) -> Placed:
    value = values[name]
    values[out], sizes[out] = replace(value, name=out), sizes[name]
    batch, channels, pixels = value.shape
    size = min(value.dtype.npu_bytes, 2.0)
    work = one_tap(MacOp.PERMUTE, ceil(batch * pixels / PIXELS_PER_ROW), PIXELS_PER_ROW, channels, size)
    node = Node(out, "MemPermute", (name,), (out,))
    return permuted(node, (work,), WHY, PARTS if _long(value) else "")
