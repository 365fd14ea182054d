"""Models in and out of files, and the checker. Weights may be in another file, and may be missing."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten

import onnx
import onnx_ir as ir

from npusim_xamba.files import (
    Content,
    Refused,
    check_readable,
    check_target,
    inside,
    shown,
    special,
    write_all,
)
from npusim_xamba.text import clean, quoted
from xamba.errors import BadModel, BadOutput
from xamba.flaws import flaw, root_cause
from xamba.foreign import KEY, taken_out, to_proto

SHAPE_MISSING = "Field 'shape' of 'type' is required but missing"
TOLD = 300  # characters of what the checker says
SMALL_BYTES = 1000  # initializers up to this size stay in a model that is checked


def load(path: str | Path) -> ir.Model:
    """Read a model; external weights are not touched. Raises `BadModel`.

    Refused at once: a pipe, a device, a folder, weights outside the model's own folder.
    """
    name = shown(path)
    try:
        check_readable(path, "an ONNX file")
        other_form(path)
        proto = onnx.load(path, load_external_data=False)
    except Refused as error:
        raise BadModel(str(error)) from None
    except BadModel:
        raise
    except Exception as error:  # protobuf or text decoding
        raise BadModel(f"{name} is no readable ONNX model: {root_cause(error)}") from None
    model = from_proto(proto, name)
    folder = os.path.dirname(os.fspath(path))
    for tensor in external(model):
        tensor.base_dir = folder
        try:
            inside(folder, str(tensor.location))
        except Refused as error:
            raise BadModel(f"{name}: tensor {quoted(tensor.name)} has its {error}") from None
    return model


def other_form(path: str | Path) -> None:
    """Raises `BadModel` that says what to do for an OpenVINO IR or a language model's config.json: xamba writes ONNX,
    and so reads it."""
    with open(path, "rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"<?xml", b"<net")):
        raise BadModel(
            f"{shown(path)} is OpenVINO IR, and xamba rewrites ONNX files; convert first: take the ONNX file it was "
            "made of, or export the model to ONNX (torch.onnx.export, optimum-cli export onnx), rewrite that, and make "
            "an IR of the result with ovc"
        )
    if os.path.basename(path) == "config.json":
        raise BadModel(
            f"{shown(path)} is of a language model, and xamba rewrites ONNX files; write its graphs first: "
            "npusim generate CONFIG --save FOLDER"
        )


def from_proto(proto: onnx.ModelProto, name: str = "the model") -> ir.Model:
    """A model of the graph library. Raises `BadModel`, which names the tensor or the node at fault."""
    if not proto.opset_import and not proto.graph.node and not proto.graph.output:
        raise BadModel(f"{name} is empty or no ONNX model")
    wrong = flaw(proto)
    if wrong is not None:
        raise BadModel(f"{name} contradicts itself: {wrong}")
    try:
        foreign = taken_out(proto)
        model = ir.from_proto(proto)
    except BadModel as error:
        raise BadModel(f"{name}: {error}") from None
    except Exception as error:
        raise BadModel(f"{name} is no readable ONNX model: {root_cause(error)}") from None
    if foreign.sparse or foreign.types:
        model.meta[KEY] = foreign
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
        return to_proto(model, sparse=False)
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
    """What `onnx.checker` (full check) has against the model, None if nothing.

    It asks for a shape of every output, which exporters leave away and no runtime needs: what follows
    from the graph is filled in first, and what does not is no fault.
    """
    proto = without_weights(model)
    stated = [out for out in proto.graph.output if out.type.WhichOneof("value") is not None]
    del proto.graph.output[:]
    proto.graph.output.extend(stated)
    try:
        onnx.checker.check_model(proto, full_check=True)
        return None
    except Exception as error:
        text = _told(error)
    if SHAPE_MISSING not in text:
        return text
    try:
        onnx.checker.check_model(onnx.shape_inference.infer_shapes(proto), full_check=True)
    except Exception as error:
        text = _told(error)
        return _not_inferable(proto) if SHAPE_MISSING in text else text
    return None


def _told(error: Exception) -> str:
    """What the checker said, on one line of a length to read."""
    return clean(shorten(str(error), TOLD, placeholder=" ..."))


def as_it_is(source: str | Path) -> BadModel | None:
    """The error that names what `onnx.checker` has against a file, for when work on it fails; None if nothing."""
    found = check(load(source))
    return None if found is None else BadModel(f"onnx.checker refuses {shown(source)} as it is: {found}")


def _not_inferable(proto: onnx.ModelProto) -> str | None:
    """What stops ONNX's inference of shapes; None if nothing does, and a shape is only not known."""
    try:
        onnx.shape_inference.infer_shapes(proto, check_type=True, strict_mode=True)
    except Exception as error:
        return _told(error)
    return None


def check_output(source: str | Path, target: str | Path) -> None:
    """Refuse an output that is the input, or that cannot be written. Raises `BadOutput`."""
    try:
        check_target(target, shown(target), {os.path.realpath(source): f"the input {shown(source)}"})
    except Refused as error:
        raise BadOutput(str(error)) from None


def save(model: ir.Model | None, source: str | Path, target: str | Path) -> None:
    """Write `model`, or the bytes of `source` when it is None, to `target`, whole or not at all.

    External weight files are copied beside a target in another folder; missing ones stay missing. A
    device or a pipe is written to, and gets no weights beside it.
    """
    source, target = Path(source), Path(os.path.realpath(target))
    needed = _locations(load(source) if model is None else model)
    content: Content = source
    try:
        if model is not None:
            content = to_proto(model).SerializeToString()
        contents = {os.fspath(target): content}
        apart = os.path.realpath(source.parent) != os.path.realpath(target.parent)
        if apart and not (target.exists() and special(target)):
            for where in sorted(needed):
                copied = _weights_to_copy(source.parent, target.parent, where)
                if copied is not None:
                    contents[os.fspath(target.parent / where)] = copied
        write_all(contents)
    except Refused as error:
        raise BadOutput(str(error)) from None
    except OSError as error:
        raise BadOutput(f"{shown(target)} cannot be written: {error.strerror or error}") from None
    except ValueError as error:
        raise BadOutput(
            f"{shown(target)}: a model of 2 GB or more needs external weights ({error})"
        ) from None


def _weights_to_copy(source: Path, folder: Path, where: str) -> Path | None:
    """The file of weights to copy beside the output, None if it is missing or there already."""
    path, target = inside(source, where), folder / where
    if not path.exists():
        return None
    inside(folder, where)  # a link that stands there may lead anywhere
    if target.is_symlink():
        raise Refused(f"{shown(target)} is a link; weights are not written through it, choose another folder")
    if target.exists():
        if filecmp.cmp(path, target, shallow=False):
            return None
        raise Refused(f"{shown(target)} exists and holds other weights; choose another folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    return path
