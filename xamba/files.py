"""Models in and out of files, and the checker. Weights may be in another file, and may be missing."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import onnx
import onnx_ir as ir

from xamba.errors import BadModel, BadOutput
from xamba.sparse import densify

SMALL_BYTES = 1000  # initializers up to this size stay in a model that is checked


def load(path: str | Path) -> ir.Model:
    """Read a model; external weights are not touched. Raises `BadModel`."""
    try:
        model = _read(path)
    except BadModel as error:
        raise BadModel(f"'{path}': {error}") from None
    except FileNotFoundError:
        raise BadModel(f"there is no file '{path}'") from None
    except IsADirectoryError:
        raise BadModel(f"'{path}' is a folder, not an ONNX file") from None
    except Exception as error:  # protobuf, text decoding, or a graph that contradicts itself
        raise BadModel(f"'{path}' is no readable ONNX model: {error}") from None
    if not model.opset_imports and not len(model.graph) and not model.graph.outputs:
        raise BadModel(f"'{path}' is empty or no ONNX model")
    for where in _locations(model):
        if os.path.isabs(where) or ".." in Path(where).parts:
            raise BadModel(f"'{path}' keeps weights outside its own folder ('{where}')")
    return model


def _read(path: str | Path) -> ir.Model:
    """As `ir.load`, with sparse weights made dense."""
    proto = onnx.load(path, load_external_data=False)
    densify(proto)
    model = ir.serde.deserialize_model(proto)
    for tensor in _tensors(model):
        if isinstance(tensor, ir.ExternalTensor):
            tensor.base_dir = os.path.dirname(path)
    return model


def external(model: ir.Model) -> list[ir.ExternalTensor]:
    """All tensors of a model that lie in another file."""
    return [t for t in _tensors(model) if isinstance(t, ir.ExternalTensor)]


def _tensors(model: ir.Model) -> Iterator[object]:
    """Weights and tensors in attributes, those of bodies and functions included."""
    tops: list[ir.Graph | ir.Function] = [model.graph, *model.functions.values()]
    for top in tops:
        nodes = list(ir.traversal.RecursiveGraphIterator(top))
        for graph in (top, *(g for n in nodes for g in bodies(n))):
            yield from (v.const_value for v in getattr(graph, "initializers", {}).values())
        for node in nodes:
            for attribute in node.attributes.values():
                if attribute.type == ir.AttributeType.TENSOR and not attribute.is_ref():
                    yield attribute.value


def bodies(node: ir.Node) -> list[ir.Graph]:
    """Bodies of an If, Loop or Scan."""
    return [a.as_graph() for a in node.attributes.values() if a.type == ir.AttributeType.GRAPH]


def _locations(model: ir.Model) -> set[str]:
    return {str(t.location) for t in external(model)}


def without_weights(model: ir.Model) -> onnx.ModelProto:
    """The model as a proto in which large and external initializers are graph inputs instead.

    Enough for the checker and for shape inference, for models of any size and with weights missing.
    """
    graph = model.graph
    moved = []
    for value in list(graph.initializers.values()):
        tensor = value.const_value
        if tensor is None or tensor.nbytes > SMALL_BYTES or isinstance(tensor, ir.ExternalTensor):
            moved.append((value, value.shape, value.type))
            if tensor is not None:
                value.shape, value.type = ir.Shape(tensor.shape), ir.TensorType(tensor.dtype)  # type: ignore[arg-type]
    before = list(graph.inputs)
    names = list(graph.initializers)
    try:
        for value, *_ in moved:
            graph.initializers.pop(value.name or "")
            if value not in before:
                graph.inputs.append(value)
        return ir.serde.serialize_model(model)
    finally:
        graph.inputs.clear()
        graph.inputs.extend(before)
        values = {v.name: v for v in (*graph.initializers.values(), *(value for value, *_ in moved))}
        graph.initializers.clear()
        for name in names:  # in the order they had
            graph.initializers[name] = values[name]
        for value, shape, kind in moved:
            value.shape, value.type = shape, kind


def check(model: ir.Model) -> str | None:
    """What `onnx.checker` (full check) has against the model, None if nothing."""
    proto = without_weights(model)
    # The checker insists on a shape for every output, and a runtime does not: an output without one is not judged.
    stated = [out for out in proto.graph.output if not _shapeless(out)]
    del proto.graph.output[:]
    proto.graph.output.extend(stated)
    try:
        onnx.checker.check_model(proto, full_check=True)
    except Exception as error:
        return " ".join(str(error).split())[:300]
    return None


def _shapeless(value: onnx.ValueInfoProto) -> bool:
    kind = value.type.WhichOneof("value")
    return kind is None or (kind == "tensor_type" and not value.type.tensor_type.HasField("shape"))


def check_output(source: str | Path, target: str | Path) -> None:
    """Refuse an output that is the input, or that cannot be written. Raises `BadOutput`."""
    target = Path(target)
    if target.exists() and Path(source).exists() and os.path.samefile(source, target):
        raise BadOutput(f"'{target}' is the input itself; give another name with -o")
    if target.is_dir():
        raise BadOutput(f"'{target}' is a folder; give a file name with -o")
    folder = target.parent
    if not folder.is_dir():
        raise BadOutput(f"the folder '{folder}' does not exist")
    if not os.access(folder, os.W_OK) or (target.exists() and not os.access(target, os.W_OK)):
        raise BadOutput(f"'{target}' cannot be written")


def save(model: ir.Model | None, source: str | Path, target: str | Path) -> None:
    """Write `model`, or the bytes of `source` when it is None, to `target`, whole or not at all.

    External weight files are copied beside a target in another folder; missing ones stay missing.
    """
    source, target = Path(source), Path(target)
    needed = _locations(load(source) if model is None else model)
    if source.parent.resolve() != target.parent.resolve():
        for where in sorted(needed):
            _copy_weights(source.parent / where, target.parent / where)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if model is None:
            shutil.copyfile(source, part)
        else:
            part.write_bytes(ir.serde.serialize_model(model).SerializeToString())
        os.replace(part, target)
    except OSError as error:
        raise BadOutput(f"'{target}' cannot be written: {error.strerror or error}") from None
    except ValueError as error:
        raise BadOutput(f"'{target}': a model of 2 GB or more needs external weights ({error})") from None
    finally:
        part.unlink(missing_ok=True)


def _copy_weights(source: Path, target: Path) -> None:
    if not source.exists():
        return
    if target.exists():
        if filecmp.cmp(source, target, shallow=False):
            return
        raise BadOutput(f"'{target}' exists and holds other weights; choose another folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise BadOutput(f"'{target}' cannot be written: {error.strerror or error}") from None
