"""An engine of the user's, from a YAML file (an expression over counts) or a Python file (its own functions)."""

from __future__ import annotations

import ast
import math
import operator
import os
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import prod
from typing import Any

from npusim.arch.config import load_yaml
from npusim.arch.fields import num
from npusim.arch.records import Strict
from npusim.errors import BadArgument
from npusim.graph import Graph, Node
from npusim.whatif.weights import weight_of
from npusim_xamba.expression import Arithmetic
from npusim_xamba.text import quoted

Counts = Mapping[str, float]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return float(value)


ARITHMETIC = Arithmetic(
    binary={
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: operator.pow,
    },
    number=_number,
    unary={ast.USub: operator.neg},
    functions={
        "min": min,
        "max": max,
        "ceil": math.ceil,
        "floor": math.floor,
        "sqrt": math.sqrt,
        "log2": math.log2,
    },
)


@dataclass(frozen=True)
class Engine:
    """What takes a node, and in how many cycles of its own clock. `keeps_weights`: they are part of it and never move.
    `source` says where its numbers are from."""

    name: str
    clock_mhz: float
    takes: Callable[[Node, Counts], bool]
    cycles: Callable[[Counts], float]
    keeps_weights: bool = True
    needs: str = ""
    source: str = "assumed"


class EngineFile(Strict):
    """The YAML of an engine; `cycles` is an expression over `counts_of` a node and the parameters."""

    name: str
    clock_mhz: num(gt=0)  # type: ignore[valid-type]
    ops: list[str]
    cycles: str
    parameters: dict[str, num()] = field(default_factory=dict)  # type: ignore[valid-type]
    keeps_weights: bool = True
    needs: str = ""
    source: str


def counts_of(node: Node, graph: Graph) -> dict[str, float]:
    """What a formula may read of a node.

    `rows` of the result (pixels of an image), `outputs` of each (channels) and `inputs`, the terms of one (1 without
    weights); `weights`, their number; `macs`; `elements_in` and `elements_out` of activations; `repeats` of a loop."""
    out = next(graph.values[n] for n in node.outputs if n)
    into = sum(graph.values[n].elements for n in node.inputs if n and not graph.values[n].constant)
    held = weight_of(node, graph)
    weights = graph.values[held].elements if held else 0
    shape = out.shape or (1,)
    outputs = shape[1] if len(shape) == 4 else shape[-1]
    rows = out.elements / max(1, outputs)
    inputs = weights / max(1, outputs) if held else 1.0
    return {
        "rows": float(rows),
        "inputs": float(inputs),
        "outputs": float(outputs),
        "weights": float(weights),
        "macs": float(rows * weights),
        "elements_in": float(into),
        "elements_out": float(prod(out.shape)),
        "repeats": float(node.repeats),
    }


def read_engine(path: str, parameters: Mapping[str, float]) -> Engine:
    """The engine of a file; `parameters` take the place of those in it. Raises BadArgument, BadHardware."""
    if not os.path.isfile(path):
        raise BadArgument(f"what-if 'engine': there is no file {quoted(path)}; name a .yaml or a .py")
    if path.endswith((".yaml", ".yml")):
        return _of_yaml(path, parameters)
    if path.endswith(".py"):
        return _of_python(path, parameters)
    raise BadArgument(f"what-if 'engine': {quoted(path)} ends in neither .yaml nor .py")


def _with(known: Mapping[str, float], given: Mapping[str, float], path: str) -> dict[str, float]:
    for name in given:
        if name not in known:
            raise BadArgument(
                f"what-if 'engine': {quoted(path)} has no parameter {quoted(name)}; it has {', '.join(known) or 'none'}"
            )
    return {**known, **given}


def _of_yaml(path: str, given: Mapping[str, float]) -> Engine:
    file = load_yaml(path, EngineFile)
    names = _with(file.parameters, given, path)
    try:
        tree = ast.parse(file.cycles, mode="eval").body
    except SyntaxError:
        raise BadArgument(f"{path}: cycles: '{file.cycles}' cannot be read") from None

    def cycles(counts: Counts) -> float:
        try:
            return float(ARITHMETIC.value(tree, {**counts, **names}))
        except KeyError as error:
            raise BadArgument(
                f"{path}: cycles: there is no {error}; there are {', '.join((*counts, *names))}"
            ) from None
        except (ValueError, ArithmeticError, TypeError) as error:
            raise BadArgument(f"{path}: cycles: {error}") from None

    def takes(node: Node, counts: Counts) -> bool:
        return any(fnmatchcase(node.op_type, op) for op in file.ops)

    return Engine(file.name, file.clock_mhz, takes, cycles, file.keeps_weights, file.needs, file.source)


def _of_python(path: str, given: Mapping[str, float]) -> Engine:
    """The names a plugin defines: `name`, `clock_mhz`, `takes(node, counts)`, `cycles(counts, parameters)`, and if it
    likes `parameters`, `keeps_weights`, `needs`, `source`."""
    try:
        found = runpy.run_path(path)
    except Exception as error:  # whatever the user's file raises
        raise BadArgument(f"{path}: cannot be run: {type(error).__name__}: {error}") from None
    missing = [name for name in ("name", "clock_mhz", "takes", "cycles") if name not in found]
    if missing:
        raise BadArgument(f"{path}: a plugin defines {', '.join(missing)} too; see docs/what_if/engine.md")
    names = _with(found.get("parameters", {}), given, path)

    def cycles(counts: Counts) -> float:
        try:
            return float(found["cycles"](counts, names))
        except Exception as error:
            raise BadArgument(f"{path}: cycles: {type(error).__name__}: {error}") from None

    return Engine(
        str(found["name"]),
        float(found["clock_mhz"]),
        found["takes"],
        cycles,
        bool(found.get("keeps_weights", True)),
        str(found.get("needs", "")),
        str(found.get("source", "assumed")),
    )
