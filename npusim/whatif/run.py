"""What-ifs put to use: on a model, a graph, an NPU, and around a simulation."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.report.record import Report, Supposed
from npusim.simulation import (
    DEFAULT_COMPILER,
    DEFAULT_HARDWARE,
    Machine,
    Model,
    graph_of,
    hardware_of,
    simulate,
)
from npusim.whatif.base import Found, Runs, Simulate, Supposition, refuse_runs
from npusim.whatif.parse import parse_all

if TYPE_CHECKING:
    import onnx


def applied(
    graph: Graph,
    hw: Hardware,
    what_ifs: Sequence[Supposition],
    compiler: str = DEFAULT_COMPILER,
    precision: str = "fp16",
) -> tuple[Graph, Hardware]:
    """Graph and hardware under what-ifs, one after the other. Those that compose runs change neither.

    Raises BadArgument."""
    for one in what_ifs:
        graph, hw = one.apply_under(graph, hw, compiler, precision)
    return graph, hw


def applied_only(
    graph: Graph,
    hw: Hardware,
    what_ifs: Sequence[Supposition],
    compiler: str = DEFAULT_COMPILER,
    precision: str = "fp16",
) -> tuple[Graph, Hardware]:
    """The same for what asks of graph and NPU in other ways than a run. Raises BadArgument for what-ifs that compose
    runs."""
    refuse_runs(what_ifs)
    return applied(graph, hw, what_ifs, compiler, precision)


def rewritten(model: onnx.ModelProto, what_ifs: Sequence[Supposition]) -> onnx.ModelProto:
    """An ONNX model under those what-ifs that change the file. Raises BadArgument."""
    for one in what_ifs:
        if one.rewrites_model():
            model = one.rewritten(model)
    return model


def model_of(path: str, what_ifs: Sequence[Supposition]) -> Any:
    """What to load: the path, or the model under those what-ifs that change the file. Raises BadArgument, BadModel."""
    if not any(one.rewrites_model() for one in what_ifs):
        return path
    return rewritten(read(path), what_ifs)


def read(path: str) -> onnx.ModelProto:
    """The file with its weights, and without those that lie in a file that is not there. Raises BadModel."""
    import onnx

    from npusim.errors import BadModel
    from npusim.model_files import only_onnx
    from npusim_xamba.files import shown

    only_onnx(path, "a what-if that changes the file", "leave --save out")
    try:
        model = onnx.load(path, load_external_data=False)
        folder = os.path.dirname(path)
        files = {
            entry.value
            for tensor in model.graph.initializer
            for entry in tensor.external_data
            if entry.key == "location"
        }
        if files and all(os.path.isfile(os.path.join(folder, name)) for name in files):
            onnx.load_external_data_for_model(model, folder)
        return model
    except Exception as error:  # protobuf and external data raise a dozen kinds
        raise BadModel(f"{shown(path)} is no ONNX model, which a what-if could change: {error}") from None


def saved_as(path: str | None, what_ifs: Sequence[Supposition]) -> dict[str, str | None]:
    """The files that `--save PATH` writes, by what they are called in errors: PATH, or one for each part of the last
    what-if ('m.onnx' in parts 'head' and 'tail': 'm.head.onnx', 'm.tail.onnx')."""
    parts = what_ifs[-1].parts if what_ifs else ()
    if path is None or not parts:
        return {"--save": path}
    stem, ending = os.path.splitext(path)
    return {f"--save {part}": f"{stem}.{part}{ending}" for part in parts}


def saved(
    path: str, what_ifs: Sequence[Supposition], dims: Mapping[str, int] | None = None
) -> dict[str, bytes]:
    """The file under all what-ifs, as bytes of ONNX models by the names of `saved_as`; `dims` are fixed in it first.

    Raises BadArgument for a what-if that changes no file, or one in parts that is not the last."""
    model = read(path)
    if dims:
        from npusim.whatif.axes.onnx_file import with_dims

        model = with_dims(model, dims)
    for one in what_ifs[:-1]:
        model = one.rewritten(model)
    last = what_ifs[-1]
    if not last.parts:
        return {"--save": serialised(last.rewritten(model))}
    return {f"--save {part}": serialised(made) for part, made in last.rewritten_parts(model).items()}


def serialised(model: onnx.ModelProto) -> bytes:
    """The bytes of a model. Raises BadArgument for one that is too large for one file."""
    try:
        return bytes(model.SerializeToString())
    except ValueError as error:
        raise BadArgument(f"--save: the model with its weights is no file of under 2 GB ({error})") from None


def record_of(one: Supposition, hw: Hardware, sentence: str, **found: Any) -> Supposed:
    """What was supposed of an NPU and what it said; `found`: further fields of the record."""
    return Supposed(one.name, one.asked, sentence, one.requires(hw), one.options(), **found)


def supposed(graph: Graph, hw: Hardware, what_ifs: Sequence[Supposition], run: Simulate) -> Report:
    """The report under what-ifs, with `what_ifs`: each applies to what those before it left, and the runs of one that
    composes several hold those behind it."""
    if not what_ifs:
        return run(graph, hw)
    one, rest = what_ifs[0], what_ifs[1:]
    if isinstance(one, Runs):
        inner = Inner(rest, run)
        found = one.run(graph, hw, inner)
        if one.answer:
            found = replace(found, numbers=found.numbers | {"answer_us": found.numbers[one.answer]})
    else:
        after, machine = one.apply_under(graph, hw, run.compiler, run.precision)
        found = Found(supposed(after, machine, rest, run), one.says(graph, after, machine))
    record = record_of(one, hw, found.sentence, lines=found.lines, numbers=found.numbers, tables=found.tables)
    return replace(found.report, what_ifs=(record, *found.report.what_ifs))


@dataclass(frozen=True)
class Inner:
    """A simulation with the what-ifs that come behind one that composes runs."""

    what_ifs: Sequence[Supposition]
    run: Simulate

    @property
    def compiler(self) -> str:
        return self.run.compiler

    @property
    def precision(self) -> str:
        return self.run.precision

    def alone(self, graph: Graph, hw: Hardware) -> Report:
        """Without those behind."""
        return self.run(graph, hw)

    def __call__(self, graph: Graph, hw: Hardware) -> Report:
        return supposed(graph, hw, self.what_ifs, self.run)


@dataclass(frozen=True)
class Plain:
    """`npusim.simulate` under fixed conditions."""

    compiler: str = DEFAULT_COMPILER
    precision: str = "fp16"
    options: Any = None

    @property
    def what_ifs(self) -> tuple[Supposition, ...]:
        """None behind."""
        return ()

    def alone(self, graph: Graph, hw: Hardware) -> Report:
        """The same: nothing is supposed."""
        return self(graph, hw)

    def __call__(self, graph: Graph, hw: Hardware) -> Report:
        return simulate(graph, hw, self.compiler, self.precision, **(self.options or {}))


def suppose(
    model: Model,
    what_if: str | Sequence[str],
    hw: Machine = DEFAULT_HARDWARE,
    compiler: str = DEFAULT_COMPILER,
    precision: str = "fp16",
    **options: Any,
) -> Report:
    """`npusim.simulate` under one what-if or several, in order; `report.what_ifs` says what was supposed and found.

    Args:
        model, hw, compiler, precision, options: as in `npusim.simulate`.
        what_if: 'sparsity:weights=0.5', or a list of such.

    Raises BadArgument, and what `npusim.simulate` raises.
    """
    asked = parse_all([what_if] if isinstance(what_if, str) else what_if)
    graph = graph_of(_rewritten(model, asked), options.pop("dims", None))
    machine = hardware_of(hw, options.pop("tiles", None))
    return supposed(graph, machine, asked, Plain(compiler, precision, options))


def what_if(thing: Model | Hardware, *texts: str, hw: Machine | None = None) -> Any:
    """A model or an NPU under what-ifs: `npusim.what_if(graph, "sparsity:weights=0.5")`.

    Args:
        thing: a model as `npusim.simulate` takes it, or an NPU (`npusim.hardware`).
        texts: what-ifs, in order.
        hw: with a model: the NPU the what-ifs are asked of, for those that change both.

    Returns:
        A Graph for a model, a Hardware for an NPU; both as a pair with `hw`.

    Raises BadArgument: also for one that composes runs (`npusim.suppose` runs those), or that changes what was not
    given.
    """
    asked = parse_all(texts)
    if isinstance(thing, Hardware):
        return _of_hardware(thing, asked)
    graph = graph_of(_rewritten(thing, asked))
    machine = hardware_of(DEFAULT_HARDWARE if hw is None else hw)
    after, changed = applied_only(graph, machine, asked)
    if hw is not None:
        return after, changed
    if changed is not machine:
        raise BadArgument(f"{', '.join(texts)} changes the NPU; give hw= to get graph and NPU")
    return after


def _of_hardware(hw: Hardware, asked: Sequence[Supposition]) -> Hardware:
    empty = Graph("", (), {}, (), ())
    _, found = applied_only(empty, hw, asked)
    if found is hw and asked:
        raise BadArgument(
            f"{', '.join(one.asked for one in asked)} changes the graph, not the NPU; give the model"
        )
    return found


def _rewritten(model: Model, asked: Sequence[Supposition]) -> Model:
    """The model under those what-ifs that change the file."""
    wanted = [one.name for one in asked if one.rewrites_model()]
    if not wanted:
        return model
    if isinstance(model, Graph):
        raise BadArgument(
            f"what-if '{wanted[0]}' changes the file; give its path or the ONNX model, not a graph"
        )
    if isinstance(model, str | os.PathLike):
        return rewritten(read(os.fspath(model)), asked)
    import onnx_ir as ir

    proto = ir.to_proto(model) if isinstance(model, ir.Model) else model
    return rewritten(proto, asked)
