"""What is added, as it leaves the graph, to an image whose pixels came from channels (npusim.compiler.layouts.pixels).

Such an image lies channels last, and needs passes of its own to lie in planes. Intel's compiler adds two of them as
they lie, and turns the sum; what lies in planes (an input of the graph, or that enlarged) it adds to planes: it turns
the other in front of the sum, which then comes from DDR, but where every tile of NPU 4000 holds all of both and of the
sum (`planes_added_whole`; `Add_37?t_Add/reorder_out/memperm_NWCH/0` and `/1` of SRVGG, RLSP, MWCNN; 3 x 192 x 320 by
blocks of four with an input, an enlarged input and another such image, on NPU 3720, 4000 and 5010)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from npusim.compiler.layouts.images import is_image
from npusim.compiler.layouts.pixels import passes_to_planes, turned_by_dma
from npusim.compiler.lowering.laid_anew import permuted, transferred
from npusim.compiler.lowering.lowered import is_elementwise_pass
from npusim.compiler.lowering.moved_inside import LARGER
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import IMAGE
from npusim.graph import Node, Value
from npusim.ops.counting import ddr_round_trip, one_tap
from npusim.work import MacOp, MoveWork

WHY = "an image whose pixels came from channels is turned to the planes that it is added to"


def of_pixels(
    step: Placed | None, made_by: Mapping[str, Placed], moves: Callable[[Placed | None], bool]
) -> bool:
    """Whether a step adds images that all have their pixels from channels. `moves`: whether a step makes such a one."""
    if step is None or not is_elementwise_pass(step.steps) or len(step.reads) < 2:
        return False
    return all(moves(made_by.get(n)) for n in step.reads)


def turned_for_planes(
    placed: list[Placed],
    leaving: Set[str],
    values: dict[str, Value],
    made_by: dict[str, Placed],
    moves: Callable[[Placed | None], bool],
    outside: Callable[[str], bool],
    whole_bytes: float,
    in_strips: Callable[[Placed | None], bool],
) -> None:
    """Put the passes that turn an image in front of sums of `leaving`. `outside`: whether a tensor lies in planes.
    `whole_bytes`: what a sum and its operands may have for every tile to hold them whole, and add. `in_strips`: whether
    a step puts pixels together in DDR."""

    def planar(name: str) -> bool:
        maker = made_by.get(name)
        return outside(name) or (maker is not None and maker.lowering in LARGER and outside(maker.reads[0]))

    k = 0
    while k < len(placed):
        step = placed[k]
        if not leaving.isdisjoint(step.writes) and is_elementwise_pass(step.steps) and len(step.reads) == 2:
            pixels = [n for n in step.reads if moves(made_by.get(n)) and is_image(values[n])]
            others = [n for n in step.reads if n not in pixels]
            if len(pixels) == 1 and all(planar(n) for n in others):
                turned = _turned(pixels[0], values, whole_bytes, in_strips(made_by[pixels[0]]))
                made_by |= dict.fromkeys(turned.writes, turned)
                reads = tuple(turned.writes[0] if n == pixels[0] else n for n in step.reads)
                placed[k : k + 1] = [turned, step._replace(reads=reads)]
                k += 1
        k += 1


def _turned(name: str, values: dict[str, Value], whole_bytes: float, strips: bool) -> Placed:
    """The passes, or the transfer, that leave an image in planes: in DDR, or on every tile."""
    value, out = values[name], f"{name}/planes"
    values[out] = Value(out, value.shape, value.dtype)
    if turned_by_dma(value):
        return transferred(
            Node(out, "Transpose", (name,), (out,)), MoveWork(value.npu_bytes, "ddr", "ddr"), WHY
        )
    batch, channels, height, width = value.shape
    turn = one_tap(MacOp.PERMUTE, batch * height, width, channels, min(value.dtype.npu_bytes, 2.0))
    trip = ddr_round_trip(value.npu_bytes)
    works = (*(trip if strips else ()), *passes_to_planes(value, turn))
    if 3 * value.npu_bytes > whole_bytes:
        works = (*works, *trip)
    return permuted(Node(out, "MemPermute", (name,), (out,)), works, WHY, IMAGE)
