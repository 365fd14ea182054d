"""Which way each op is run: the compiler profile picks among the lowerings the op offers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from npusim.compiler.conditions import CONDITIONS
from npusim.compiler.profile import CompilerProfile
from npusim.compiler.split import weight_bytes
from npusim.errors import UnknownOp
from npusim.graph import DType, Graph, Node
from npusim.ops.registry import lowerings, macs_of
from npusim.work import Lowering, MacOp, MacWork, VectorWork, Work

VIEWS = ("view", "broadcast_view", "fused")
INDEXED = ("Gather", "GatherElements", "GatherND", "GatherBlockQuantized")
STRIDED = "strided"  # no task of its own, but its result is another tensor


@dataclass(frozen=True, slots=True)
class Placed:
    """A node with its lowering chosen.

    `reads`, `writes`: activation tensors by root name (views looked through). `fixed_bytes`: weights and other
    constants it needs in the scratchpad. `engine` is the engine of most of its work.
    `dsp_tiles`: over how many tiles its kernels may spread (a large number: all).
    `reshaped`: those of `reads` that it sees in another shape than they were made in.
    `padded`: activations whose channels are no multiple of 16 and that are copied with padding for it."""

    node: Node
    lowering: str
    steps: tuple[Work, ...]
    engine: str
    reason: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    fixed_bytes: float
    macs: float
    one_dsp: bool = False
    dsp_tiles: int = 1_000
    reshaped: frozenset[str] = frozenset()
    padded: tuple[str, ...] = ()


class Placer:
    """Places nodes in order; remembers which tensors are views of which."""

    def __init__(
        self,
        graph: Graph,
        profile: CompilerProfile,
        generation: str,
        one_dsp: frozenset[str],
        lookup_unit: bool,
    ) -> None:
        self.graph = graph
        self.profile = profile
        self.generation = generation
        self.one_dsp = one_dsp
        self.lookup_unit = lookup_unit
        self.alias: dict[str, str] = {}
        self.on_mac_array: set[str] = set()
        self.reshaped: set[str] = set()
        self.readers: dict[str, set[tuple[str, int]]] = {
            node.outputs[0]: set() for node in graph.nodes if node.op_type in ("Expand", "Transpose")
        }
        for node in graph.nodes if self.readers else ():
            for position, name in enumerate(node.inputs):
                if name in self.readers:
                    self.readers[name].add((node.op_type, position))

    def root(self, name: str) -> str:
        """The tensor that holds the bytes of `name`."""
        while name in self.alias:
            name = self.alias[name]
        return name

    def place(self, node: Node) -> Placed | None:
        """The node placed; None for a view (it runs nowhere). Raises UnknownOp when it has no rule."""
        ways = lowerings(node, self.graph)
        chosen, reason = self._choose(node, ways)
        values = self.graph.values
        if chosen.name in VIEWS or (not chosen.steps and chosen.name != STRIDED):
            source = next((n for n in node.inputs if n and not values[n].constant), None)
            if source is not None:
                for name in filter(None, node.outputs):
                    self.alias[name] = source
                    if source in self.reshaped or not _same_extents(values[source].shape, values[name].shape):
                        self.reshaped.add(name)
            return None
        sources = node.attribute("contraction_of") or node.inputs
        reads = dict.fromkeys(
            self.root(n) for n in sources if n and not values[n].constant and values[n].elements
        )
        keeps_types = not chosen.steps or chosen.name == "native_reduce"  # writes 1 of many: its own sizes
        steps = chosen.steps if keeps_types else _with_types(chosen.steps, node, self.graph)
        engine = _main_engine(steps) if steps else "none"
        if engine == "mac_array":
            self.on_mac_array.update(node.outputs)
        kernels = {s.kernel for s in steps if isinstance(s, VectorWork)}
        one = bool(kernels & self.one_dsp) and kernels <= self.one_dsp
        return Placed(
            node=node,
            lowering=chosen.name,
            steps=steps,
            engine=engine,
            reason=reason,
            reads=tuple(reads),
            writes=tuple(n for n in node.outputs if n and n in values and values[n].elements),
            fixed_bytes=_fixed_bytes(node, steps, self.graph),
            macs=0.0 if "contraction_of" in node.attributes else macs_of(ways) * node.repeats,
            one_dsp=one,
            padded=_padded(steps, tuple(reads), node, self.graph),
            reshaped=frozenset(self.root(n) for n in sources if n in self.reshaped),
            dsp_tiles=_dsp_tiles(node, kernels, self.profile, self.generation, self.graph),
        )

    def _choose(self, node: Node, ways: tuple[Lowering, ...]) -> tuple[Lowering, str]:
        """The first lowering of the profile's order that the op offers and whose condition holds."""
        profile = self.profile
        by_name = {way.name: way for way in ways}
        readers = self.readers.get(node.outputs[0], set())
        if node.op_type == "Expand" and not {op for op, _ in readers} <= set(profile.broadcasts):
            by_name.pop("broadcast_view", None)
        if not self.lookup_unit:
            by_name.pop("mac_array_table", None)
        inner = node.op_type == "Transpose" and node.outputs[0] not in self.graph.outputs
        if inner and readers and readers <= profile.transposed_reads:
            return Lowering("fused", ()), "its reader takes the operand in this order"
        for rule in (profile.rule(node.op_type), profile.default):
            for name in rule.generations.get(self.generation, rule.order):
                condition = rule.only_if.get(name)
                if name not in by_name:
                    continue
                if condition and not CONDITIONS[condition](node, self.graph, self.on_mac_array):
                    continue
                why = (rule.why.get(name) or profile.default.why.get(name, "")).format(op=node.op_type)
                if name == "dma" and node.op_type in profile.strided:
                    why = f"{node.op_type}: its neighbours write and read it with strides"
                    return Lowering(STRIDED, ()), why
                return by_name[name], why
        if not ways:
            raise UnknownOp(
                f"'{node.op_type}' (node '{node.name}') offers no way to run; "
                f"compiler profile {profile.name} cannot place it"
            )
        return ways[0], profile.default.why.get(ways[0].name, "")


@lru_cache(maxsize=20_000)
def _retyped(work: MacWork, in_bytes: float, weight: float, out_bytes: float) -> MacWork:
    return replace(work, input_bytes=in_bytes, weight_bytes=weight, output_bytes=out_bytes)


def _with_types(steps: tuple[Work, ...], node: Node, graph: Graph) -> tuple[Work, ...]:
    """MAC works with the element sizes of the fused node: its output may have become 8-bit or fp16."""
    first, last = steps[0], steps[-1]
    if not any(isinstance(s, MacWork) for s in (first, last)):
        return steps
    data = graph.values[node.inputs[0]]
    second = graph.values[node.inputs[1]] if len(node.inputs) > 1 and node.inputs[1] else data
    out = graph.values[next(n for n in node.outputs if n)]
    changed = list(steps)
    for i, step in enumerate(steps):
        if isinstance(step, MacWork):
            into = data.dtype.npu_bytes if i == 0 else step.input_bytes
            outof = out.dtype.npu_bytes if i == len(steps) - 1 else step.output_bytes
            weight = second.dtype.npu_bytes if step.op == MacOp.CONVOLUTION else into
            changed[i] = _retyped(step, _cap(into), _cap(weight), _cap(outof))
    return tuple(changed)


def _padded(steps: tuple[Work, ...], reads: tuple[str, ...], node: Node, graph: Graph) -> tuple[str, ...]:
    """Activations of a batched product or an element-wise pass that do not fill sixteens of channels.

    Intel's schedules copy them with padding through DDR (197 tokens of ViT: 4 MB for a product of 0.9 MB results)."""
    first = steps[0] if steps else None
    if not isinstance(first, MacWork):
        return ()
    outputs = tuple(n for n in node.outputs if n)
    if first.op == MacOp.CONVOLUTION and first.groups > 1:
        return (reads[:1] if first.in_c % 16 else ()) + (outputs if first.out_c % 16 else ())
    if first.op == MacOp.ELTWISE and graph.values[outputs[0]].elements % 16:
        same = graph.values[outputs[0]].elements
        return tuple(n for n in reads if graph.values[n].elements == same) + outputs
    return ()


def _same_extents(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether two shapes differ in axes of length 1 only."""
    return [n for n in a if n != 1] == [n for n in b if n != 1]


def _cap(nbytes: float) -> float:
    """Element sizes the MAC array knows: 4-byte integers are computed as fp16."""
    return min(nbytes, 2.0)


def _main_engine(steps: tuple[Work, ...]) -> str:
    """The engine of the op's own work: a product beats a kernel, a kernel beats the pass that scales it."""
    mac = [s for s in steps if isinstance(s, MacWork)]
    if any(s.op == MacOp.CONVOLUTION for s in mac):
        return "mac_array"
    if any(isinstance(s, VectorWork) for s in steps):
        return "dsp"
    return "mac_array" if mac else "dma"


def _fixed_bytes(node: Node, steps: tuple[Work, ...], graph: Graph) -> float:
    values = graph.values
    if node.op_type in INDEXED:  # only the rows that are asked for leave the table
        return sum(values[n].npu_bytes for n in node.outputs if n) if values[node.inputs[0]].constant else 0.0
    constants = [
        values[n] for n in node.inputs if n and values[n].constant and values[n].dtype is not DType.STRING
    ]
    second_is_weights = len(node.inputs) > 1 and bool(node.inputs[1]) and values[node.inputs[1]].constant
    mac = [s for s in steps if isinstance(s, MacWork)]
    if mac and (second_is_weights or not constants):
        if second_is_weights or not any(s.op == MacOp.CONVOLUTION for s in mac):
            return float(sum(weight_bytes(s) for s in mac))
        return 0.0
    return float(sum(v.npu_bytes for v in constants))


def _dsp_tiles(node: Node, kernels: set[str], profile: CompilerProfile, generation: str, graph: Graph) -> int:
    """Over how many tiles the kernels may spread; those that scan an axis only along the axes before it."""
    if kernels & set(profile.dsp.one_tile.get(generation, ())):
        return 1
    if not kernels & set(profile.dsp.outer_axes_only):
        return 1_000
    shape = graph.values[node.inputs[0]].shape
    data = graph.values[node.inputs[1]].data if len(node.inputs) > 1 and node.inputs[1] else None
    if data is None or not data.size or not shape:
        return 1
    axis = int(data.reshape(-1)[0]) % len(shape)
    outer = 1
    for extent in shape[:axis]:
        outer *= extent
    return max(1, outer)
