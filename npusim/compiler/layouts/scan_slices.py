"""A scan unrolled token by token, its factors [1,d,L,n] channels last: what is turned, and when.

    product -> [Softplus] -> Transpose(0,2,1) -> Unsqueeze -> Mul by A -> Exp -> Gather, one a token -> Mul by the state
    ... Mul -> Gather, one a token -> Add to the state

A Transpose of tokens and channels moves nothing where products wrote the one and a kernel spreads it over states:
the channels lie innermost, as they did, and so do they in all that kernels make of it. The state itself lies channels
first. Intel's compiler turns a factor once, whole, where it is made (`Multiply/reorder_out/...`), if each of its slices
meets the state: is added to it, multiplied by it, or is it, in front of a product with a matrix. Where one does not, it
turns each of the others by a pass of the array through DDR (`Exp/reorder_out/reorder_out_[0, 0, t, 0]/to_maxpool`).
One that does not is the first decay, where the first state is a constant or the first term itself: its product is of
two that lie alike, and turned behind it. So terms go whole where the scan begins with a state of zeros, both factors
where it begins with one of the caller's, and neither where the first term is the first state and is not read but by
the next product.

Seen in its schedules of Mamba-1 (d = 2,048, L = 24, n = 16) and of scans of 256, 512 and 1,536 channels, 5 to 21
tokens, 16 and 64 states on three NPUs, with Softplus and without, with each beginning; not where the factors are inputs
of the graph, which lie channels first. A slice of 2,048 x 16 takes 6.1 us on NPU 3720 and 1.1 on 4000 (one row or one
column of the grid is filled), 24 of them as a whole 44.6 and 15.7. On NPU 4000 such a column goes twice as fast as its
poolings do."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.layouts.layouts import Layouts
from npusim.compiler.lowering.laid_anew import permuted
from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CHANNELS, PARTS
from npusim.graph import Node, Value
from npusim.ops.counting import one_tap
from npusim.work import MacOp, MacWork, VectorWork

SLICES = ("Gather", "Slice", "Split")
SUMS = ("Add", "Sub")
MEETS = ("Mul", "MatMul", *SUMS)  # the state, channels first
WHY = "a token's slice of a factor that lies channels last is turned for the state, as Intel's compiler does"
WHY_WHOLE = "factors of a scan that lie channels last are turned as a whole, as Intel's compiler does"
TOKENS = 2  # axis


class ScanSlices:
    """The factors of scans, step by step; `before` says how the next step reads and writes them."""

    def __init__(self, layouts: Layouts, one_kernel: bool) -> None:
        self.layouts = layouts
        self.one_kernel = one_kernel  # of a batch of products: columns of the grid, not rows
        self.sharing = CHANNELS if one_kernel else PARTS
        nodes = (node for readers in layouts.readers.values() for node in readers)
        self.cut = {name for node in nodes if node.op_type in SLICES for name in node.outputs}
        self.last: set[str] = set()  # lie channels last
        self.slices: set[str] = set()  # of these, which are turned each
        self.turned: dict[str, str] = {}

    def before(self, step: Placed) -> tuple[list[Placed], Placed]:
        """The step as it reads and writes such factors, behind the passes in front of it."""
        if not step.steps or len(step.writes) != 1:
            return [], step
        added: list[Placed] = []
        if self.slices and step.node.op_type in MEETS:
            added, step = self._slices_turned(step)
        if not isinstance(step.steps[0], VectorWork) or not self._channels_last(step):
            return added, step
        name = step.writes[0]
        self.last.add(name)
        met = self._met(name)
        if met and all(met.values()):
            step = step._replace(steps=(*step.steps, self._whole(name)))
        else:
            self.slices |= set(met)
        return added, step

    def _channels_last(self, step: Placed) -> bool:
        """Whether a kernel's result [1,d,L,n] has its channels innermost, as one it reads."""
        values = self.layouts.values
        shape = values[step.writes[0]].shape
        if len(shape) != 4 or shape[0] > 1 or min(shape[1:]) < 2:
            return False
        return any(self._lies_so(n, shape) for n in step.node.inputs if n and not values[n].constant)

    def _lies_so(self, name: str, shape: tuple[int, ...]) -> bool:
        root, seen = self.layouts.placer.root(name), self.layouts.values[name].shape
        if root in self.last:
            return seen == shape
        maker = self.layouts.made_by.get(edge_of(root, self.layouts.placer.part_of))
        if maker is None or maker.node.op_type != "Transpose" or seen != (*shape[:3], 1):
            return False
        order = tuple(maker.node.attribute("perm", ()))
        return order == (0, 2, 1)

    def _met(self, name: str) -> dict[str, bool]:
        """Of each slice of a tensor, one a token, whether all its readers hold it against the state; none where it is
        read otherwise."""
        readers, values = self.layouts.readers, self.layouts.values
        nodes = readers.get(name, [])
        all_cut = len(nodes) > 1 and all(n.op_type in SLICES for n in nodes)
        if not all_cut or name in self.layouts.graph_outputs:
            return {}
        size = values[name].elements / values[name].shape[TOKENS]
        slices = [n for node in nodes for n in node.outputs]
        users = {n: readers.get(n, []) for n in slices}
        kinds = {user.op_type for n in slices for user in users[n]}
        if any(values[n].elements != size for n in slices) or not kinds or not kinds.issubset(MEETS):
            return {}
        return {n: all(self._of_state(user, n) for user in users[n]) for n in slices}

    def _of_state(self, user: Node, name: str) -> bool:
        """Whether what a slice is held against lies channels first: not a constant, not another slice."""
        others = {n for n in user.inputs if n != name and not self.layouts.values[n].constant}
        return user.op_type != "Mul" or bool(others - self.cut)

    def _slices_turned(self, step: Placed) -> tuple[list[Placed], Placed]:
        """A step on slices and the state, behind the passes that turn the slices; a product of slices in front of one
        that turns its result."""
        values = self.layouts.values
        if step.node.op_type == "Mul" and all(n in self.slices or values[n].constant for n in step.reads):
            return [], step._replace(steps=(*step.steps, self._column(values[step.writes[0]])))
        added = []
        for name in step.reads:
            if name in self.slices and name not in self.turned:
                out = self.turned[name] = f"{name}/planes"
                value = self.layouts.values[name]
                self.layouts.values[out] = replace(value, name=out)
                node = Node(out, "MemPermute", (name,), (out,))
                added.append(permuted(node, (self._column(value),), WHY, self.sharing))
        return added, step._replace(reads=tuple(self.turned.get(n, n) for n in step.reads))

    def _column(self, value: Value) -> MacWork:
        """The pass over one slice: its states a row of the grid (NPU 3720) or a column."""
        channels, states = value.shape[1], value.shape[-1]
        size = min(value.dtype.npu_bytes, 2.0)
        if not self.one_kernel:
            return one_tap(MacOp.PERMUTE, 1, states, channels, size)
        rows = states / 2 if self.layouts.generation == "4000" else states
        return one_tap(MacOp.MAX_POOL, rows, 1, channels, size)

    def _whole(self, name: str) -> MacWork:
        """The pass over all tokens."""
        value = self.layouts.values[name]
        _, channels, tokens, states = value.shape
        return one_tap(MacOp.PERMUTE, tokens, states, channels, min(value.dtype.npu_bytes, 2.0))
