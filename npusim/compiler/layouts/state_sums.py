"""Sums in networks that carry a state: how their elements lie on the MAC array.

Of matrices by heads, [1,H,R,C], Intel's compiler 8.4 lays the heads as channels on NPU 4000 and 5010 where a batch of
products made them, so fewer than sixteen are padded: a sum of 4 x 192 x 192 takes 5.6 us on NPU 4000 and 4.3 on 5010,
four times its elements.
The product that reads such a sum row by row, as its right side, has it turned by a pooling of the same size
(`input_2/memperm_NCWH/memperm_NCWH/to_maxpool`: 6.0 and 5.4), but where nothing else wants the sum it is written turned
at once: free on NPU 4000 (4 x 64 x 128 1.30 us either way), a quarter of the rate on 5010 (1.0 and 4.0).

One row, [1,C], is one pixel of C channels, all of it on every tile: C = 256, 512, 1,024 take 0.37, 0.73 and 1.32 us on
NPU 4000, 0.41, 0.77 and 1.5 on 5010 (256 and 512 on 3720: 0.53 and 1.05), where two rows take 0.08."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.layouts.layouts import Layouts
from npusim.compiler.lowering.laid_anew import permuted
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import sharing_of
from npusim.graph import Node
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS, one_tap
from npusim.work import EVERY_TILE, MacOp, MacWork

SUMS = ("Add", "Sub")
GROWN = (*SUMS, "Mul")
LONG_ROW = (
    1024  # of one token, [1,1,C], beside a product: 1,024 in one pixel, 256 to 768 spread over the grid
)


class StateSums:
    """What is known of matrices by heads, step by step; `before` says how the next step reads and writes them."""

    def __init__(self, layouts: Layouts, one_kernel: bool) -> None:
        self.layouts = layouts
        self.one_kernel = one_kernel  # of a batch of products
        self.by_heads: set[str] = set()  # made by batches of products, or of such
        self.summed: set[str] = set()  # sums of them, as they were written
        self.turned: dict[str, str] = {}
        self.products: set[str] = set()  # made by products with weights

    def before(self, step: Placed) -> tuple[list[Placed], Placed]:
        """The step as it reads and writes sums, behind the passes that turn them."""
        work = step.steps[0] if step.steps else None
        if (not isinstance(work, MacWork) and step.node.op_type not in GROWN) or len(step.writes) != 1:
            return [], step
        kind, shape = step.node.op_type, self.layouts.values[step.writes[0]].shape
        if kind == "MatMul" and isinstance(work, MacWork):
            batched = any(isinstance(w, MacWork) and w.groups > 1 for w in step.steps)
            if batched and len(shape) == 4 and self.one_kernel:
                self.by_heads.add(step.writes[0])
                return self._right_side(step)
            self.products.add(step.writes[0])
        elif kind in GROWN:
            step = self._scaled_otherwise(step)
            if len(shape) == 4 and self._of_heads(step):
                self.by_heads.add(step.writes[0])
                step = self._padded(step, shape)
            elif kind in SUMS and self._one_pixel(step, shape):
                step = self._in_one_pixel(step, int(shape[-1]))
        return [], step

    def _scaled_otherwise(self, step: Placed) -> Placed:
        """A difference whose second side is a tensor by as many constants: these are negated when the graph is compiled
        (`Multiply/neg/as_scaleshift`, `Subtract/as_add`), not one number a channel."""
        if step.node.op_type != "Sub" or len(step.steps) < 2:
            return step
        maker = self.layouts.made_by.get(self.layouts.placer.root(step.node.inputs[1]))
        if maker is None or maker.node.op_type != "Mul":
            return step
        values = self.layouts.values
        factors = [values[n] for n in maker.node.inputs]
        folds = any(v.constant and v.elements == values[maker.writes[0]].elements for v in factors)
        return step._replace(steps=step.steps[1:]) if folds else step

    def _of_heads(self, step: Placed) -> bool:
        whole = self.layouts.placer.whole
        return any(n in self.by_heads or whole(n) in self.by_heads for n in step.reads)

    def _padded(self, step: Placed, shape: tuple[int, ...]) -> Placed:
        """A sum with its heads as channels."""
        batch, heads, rows, columns = shape
        work, values = step.steps[-1], self.layouts.values
        equal = all(values[n].shape == shape for n in step.node.inputs if n)
        if not isinstance(work, MacWork) or work.op != MacOp.ELTWISE or not equal or batch > 1:
            return step
        if not 1 < heads < CHANNEL_BLOCK or rows * columns == 1 or step.node.op_type not in SUMS:
            return step
        name = step.writes[0]
        readers = self.layouts.readers.get(name, [])
        if readers and all(r.op_type == "Softmax" for r in readers):
            return step  # scores and a bias: a line of sixteens (npusim.compiler.chains.padded_scores)
        op, laid = work.op, (float(rows), columns, CHANNEL_BLOCK)
        if self._read_as_right_side_alone(name):
            if self.layouts.generation == "5010":
                op, laid = MacOp.PERMUTE, (float(heads), rows, columns)
        else:
            self.summed.add(name)
        h, w, c = laid
        work = replace(work, op=op, out_h=h, out_w=w, out_c=c, in_h=h, in_w=w, in_c=c)
        return step._replace(steps=(*step.steps[:-1], work))

    def _read_as_right_side_alone(self, name: str) -> bool:
        """Whether products read it as their right side, and nothing else does."""
        readers = self.layouts.readers.get(name, [])
        alone = all(r.op_type == "MatMul" and r.inputs[0] != name for r in readers)
        return bool(readers) and alone and name not in self.layouts.graph_outputs

    def _right_side(self, step: Placed) -> tuple[list[Placed], Placed]:
        """A batch of products behind the pass that turns its right side."""
        name = self.layouts.placer.root(step.node.inputs[1])
        if name not in self.summed or name not in step.reads:
            return [], step
        added = []
        if name not in self.turned:
            out = self.turned[name] = f"{name}/turned"
            value = self.layouts.values[name]
            self.layouts.values[out] = replace(value, name=out)
            work = one_tap(
                MacOp.MAX_POOL, value.shape[2], value.shape[3], CHANNEL_BLOCK, value.dtype.npu_bytes
            )
            why = (
                "a sum of states is turned for the product that reads it row by row, as Intel's compiler does"
            )
            sharing = sharing_of(step, lambda _: None, 4)
            added.append(permuted(Node(out, "MemPermute", (name,), (out,)), (work,), why, sharing))
        return added, step._replace(reads=tuple(self.turned.get(n, n) for n in step.reads))

    def _one_pixel(self, step: Placed, shape: tuple[int, ...]) -> bool:
        """Whether a sum of one row lies in one pixel, as this release has it; two rows are cheaper then, which the laws
        of growth forbid elsewhere."""
        alone = len(shape) > 1 and all(n == 1 for n in shape[:-1]) and 1 < shape[-1] <= MAX_CHANNELS
        if not self.layouts.profile.memory.as_scheduled or not alone:
            return False
        if any(self.layouts.values[n].shape != shape for n in step.node.inputs if n):
            return False
        if len(shape) == 2:
            return True
        readers = self.layouts.readers.get(step.writes[0], [])
        beside = not self.products.isdisjoint(step.reads) or any(r.op_type == "MatMul" for r in readers)
        return len(shape) == 3 and shape[-1] >= LONG_ROW and beside

    def _in_one_pixel(self, step: Placed, channels: int) -> Placed:
        work = step.steps[-1]
        if not isinstance(work, MacWork) or work.op != MacOp.ELTWISE or channels % CHANNEL_BLOCK:
            return step
        one = {"out_h": 1, "out_w": 1, "in_h": 1, "in_w": 1, "out_c": channels, "in_c": channels}
        return step._replace(steps=(*step.steps[:-1], replace(work, **one, write_tiles=EVERY_TILE)))
