"""A whole sweep: graphs, hardware, design. It answers block by block, alike in every process."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.choices import Method, Mode, Precision, choose
from npusim.compiler.rules.profile import load_profile, warnings_of
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.report.words import ENGINES
from npusim.sweeping.axes import Axis, make_axes
from npusim.sweeping.design import Block, Design, make_design
from npusim.sweeping.evaluate import Evaluator
from npusim.sweeping.planned import Answer
from npusim.whatif.base import Supposition
from npusim.whatif.vary import composes

MODEL = "model"
Tell = Callable[[int], None]
LEFT_OUT = (
    "ops without a cost are left out (--allow-unmodelled): of models with such, latencies are lower bounds"
)


@dataclass
class Question:
    """`graphs`: name -> graph; with more than one, answers have the dimension `model` and a `speedup`."""

    graphs: dict[str, Graph]
    hw: Hardware
    design: Design
    compiler: str
    precision: str
    mode: str = "throughput"
    per_node: bool = False
    scratch: int = 64 * 10**6
    plan_bytes: int = 256 * 10**6
    what_ifs: tuple[Supposition, ...] = ()
    allow_unmodelled: bool = False
    _evaluators: dict[tuple[int, str], Evaluator] = field(default_factory=dict)

    @property
    def several(self) -> bool:
        return len(self.graphs) > 1

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of `latency_us`."""
        return (*([MODEL] if self.several else []), *self.design.sizes)

    @property
    def shape(self) -> tuple[int, ...]:
        return (*([len(self.graphs)] if self.several else []), *self.design.sizes.values())

    @property
    def total(self) -> int:
        """Points times models."""
        return self.design.total * len(self.graphs)

    @property
    def variables(self) -> dict[str, tuple[tuple[str, ...], np.dtype[Any]]]:
        """Variable -> dimensions before those of `latency_us`, and type."""
        number, code = np.dtype(np.float64), np.dtype(np.int8)
        found: dict[str, tuple[tuple[str, ...], np.dtype[Any]]] = {
            "latency_us": ((), number),
            "busy_us": (("engine",), number),
            "bytes_moved": ((), number),
            "bound_by": ((), code),
        }
        return found | ({"speedup": ((), number)} if self.several else {})

    @property
    def point_bytes(self) -> int:
        """Bytes of the answer, parameters included, per point and model."""
        sizes = sum(t.itemsize * (len(ENGINES) if extra else 1) for extra, t in self.variables.values())
        return sizes + 8 * len(self.design.axes) * (self.design.points is not None)

    def answers(self, block: Block, tell: Tell = lambda done: None) -> list[Answer]:
        """The answer of every model at the points of a block."""
        parameters = self.design.parameters(block)
        return [self._evaluator(name)(parameters, tell) for name in self.graphs]

    def arrays(self, block: Block, answers: list[Answer]) -> dict[str, np.ndarray]:
        """The `variables` of a block, in its shape."""
        small = tuple(s.stop - s.start for s in block)
        shape = (len(answers), *small) if self.several else small
        latency = np.stack([a.latency_us for a in answers])
        found = {
            "latency_us": latency.reshape(shape),
            "busy_us": np.stack([a.busy_us for a in answers], axis=1).reshape(len(ENGINES), *shape),
            "bytes_moved": np.stack([a.bytes_moved for a in answers]).reshape(shape),
            "bound_by": np.stack([a.bound_by for a in answers]).reshape(shape),
        }
        if self.several:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where((latency[:1] == 0) & (latency == 0), 1.0, latency[:1] / latency)
            found["speedup"] = ratio.reshape(shape)
        return found

    def misfits(self) -> dict[str, int]:
        """Sentences of DoesNotFit met so far, and how many points they cost."""
        found: dict[str, int] = {}
        for evaluator in self._evaluators.values():
            for sentence, count in evaluator.misfits.items():
                found[sentence] = found.get(sentence, 0) + count
        return found

    def _evaluator(self, name: str) -> Evaluator:
        key = (threading.get_ident(), name)  # plans are kept by thread: workers may have several
        if key not in self._evaluators:
            self._evaluators[key] = Evaluator(
                self.graphs[name],
                self.hw,
                self.design.axes,
                self.compiler,
                self.precision,
                self.mode,
                self.per_node,
                self.scratch,
                self.plan_bytes // len(self.graphs),
                what_ifs=self.what_ifs,
                allow_unmodelled=self.allow_unmodelled,
            )
        return self._evaluators[key]

    def attributes(self) -> dict[str, Any]:
        """What a reader of the result must know; plain values."""
        from npusim.version import __version__

        supposed: dict[str, Any] = {"what_ifs": [one.asked for one in self.what_ifs]} if self.what_ifs else {}
        supposed |= {"allow_unmodelled": 1} if self.allow_unmodelled else {}
        return {
            "graph": ", ".join(self.graphs),
            "hardware": self.hw.name,
            "compiler": self.compiler,
            "precision": self.precision,
            "mode": self.mode,
            "method": self.design.method,
            "seed": self.design.seed,
            "npusim": __version__,
            **supposed,
        }

    def fingerprint(self) -> str:
        """Equal for questions with equal answers: graphs, numbers, profiles, points, version."""
        compilers = {self.compiler, *compilers_asked(self.compiler, self.design.axes)}
        parts = {
            "attributes": self.attributes(),
            "graphs": [_graph_print(graph) for graph in self.graphs.values()],
            "hardware": self.hw.plain(),
            "profiles": [load_profile(name).plain() for name in sorted(compilers)],
            "points": self.design.points,
            "axes": [[a.name, np.asarray(a.values).tolist(), repr(a.range)] for a in self.design.axes],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def warnings(self) -> list[str]:
        """What a reader must know about the rules that plan the NPU."""
        return warnings_asked(self.hw, self.compiler, self.design.axes, self.allow_unmodelled)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_evaluators": {}}  # plans stay at home; a worker makes its own


def compilers_asked(compiler: str, axes: Iterable[Axis]) -> list[str]:
    """Names of the compilers that points are planned by: the axis's, else the one given."""
    varied = [axis.values for axis in axes if axis.name == "compiler"]
    return list(varied[0]) if varied else [compiler]


def warnings_asked(
    hw: Hardware, compiler: str, axes: Iterable[Axis], allow_unmodelled: bool = False
) -> list[str]:
    """What a reader must know about the rules by which these compilers plan `hw`, and what is left out."""
    rules = warnings_of(hw, [load_profile(name) for name in compilers_asked(compiler, axes)])
    return [*rules, LEFT_OUT] if allow_unmodelled else rules


def _graph_print(graph: Graph) -> str:
    """The part of a graph that decides its price."""
    values = [(v.name, v.shape, v.dtype.label, v.constant) for v in graph.values.values()]
    text = repr((graph.sha256, values, [(n.name, n.op_type, n.inputs, n.outputs) for n in graph.nodes]))
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()


def ask(
    graphs: Mapping[str, Graph],
    hw: Hardware,
    vary: Mapping[str, Any],
    compiler: str,
    precision: str,
    points: int | None,
    method: str,
    seed: int,
    mode: str = "throughput",
    per_node: bool = False,
    what_ifs: tuple[Supposition, ...] = (),
    allow_unmodelled: bool = False,
) -> Question:
    """The question, checked. Raises BadArgument, BadHardware."""
    precision, mode, method = choose(Precision, precision), choose(Mode, mode), choose(Method, method)
    load_profile(compiler)
    axes = make_axes(vary, hw, method == "grid", what_ifs)
    design = make_design(axes, method, points, seed)
    if per_node and composes(what_ifs, vary):
        raise BadArgument("what-ifs that compose several runs have no nodes to tell of; leave the nodes out")
    return Question(
        dict(graphs), hw, design, compiler, precision, mode, per_node, what_ifs=what_ifs,
        allow_unmodelled=allow_unmodelled,
    )  # fmt: skip
