"""Weights that are not there, made for a measurement: a sparse file of zeros beside a copy of the model.

Every tensor gets a place of its own, so that a runtime reads as many bytes as with the true weights. Zeros are as fast
to multiply as other numbers; where the data decide what runs (loops, routed experts) the time may be another.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from npusim.errors import BadModel
from npusim.model_files import CONFIG, ONNX, front_end

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

FILE = "zeros.bin"
PAGE = 4096


@contextmanager
def measurable(path: str, dims: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """A file that a runtime can open, and how many bytes of weights were made for it: the model itself, where all its
    weights are there; of a config.json, the pass of these sizes. Raises BadModel."""
    import onnx

    kind = front_end(path)
    if kind not in (ONNX, CONFIG):
        yield path, 0
        return
    if kind is CONFIG:
        from npusim.config_io import one_pass

        model, folder = one_pass(path, dims), ""
    else:
        model, folder = onnx.load(path, load_external_data=False), os.path.dirname(os.path.abspath(path))
    if kind is ONNX and not missing_weights(model, folder):
        yield path, 0
        return
    with tempfile.TemporaryDirectory() as into:
        try:
            made = with_zeros(model, folder or into, into)
            file = os.path.join(into, "model.onnx")
            with open(file, "wb") as out:
                out.write(model.SerializeToString())
        except OSError as error:
            raise BadModel(
                f"{path}: weights that are not there cannot be made in {tempfile.gettempdir()}: {error.strerror}"
            ) from None
        yield file, made


def missing_weights(model: ModelProto, folder: str) -> list[TensorProto]:
    """The tensors of a model whose external data are not in `folder`."""
    found = []
    there: dict[str, bool] = {}
    for tensor in _tensors(model.graph):
        if tensor.data_location != 1:
            continue
        location = _place(tensor).get("location", "")
        if location not in there:
            there[location] = bool(location) and os.path.isfile(os.path.join(folder, location))
        if not there[location]:
            found.append(tensor)
    return found


def with_zeros(model: ModelProto, folder: str, into: str) -> int:
    """Give every missing tensor zeros in a sparse file in `into`, and link what is there to it; bytes made.

    The model is changed. Raises BadModel for data outside of its folder.
    """
    from npusim.loading.tensors import external_place

    away = missing_weights(model, folder)
    missing = {id(t) for t in away}
    for tensor in _tensors(model.graph):
        if tensor.data_location == 1 and id(tensor) not in missing:
            location = external_place(tensor)["location"]
            target = os.path.join(into, location)
            if not os.path.exists(target):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                _link(os.path.join(folder, location), target)
    end = 0
    for tensor in away:
        size = _bytes(tensor)
        del tensor.external_data[:]
        for key, value in (("location", FILE), ("offset", end), ("length", size)):
            tensor.external_data.add(key=key, value=str(value))
        end += -(-max(size, 1) // PAGE) * PAGE
    with open(os.path.join(into, FILE), "wb") as file:
        file.truncate(end)
    return end


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        import shutil

        shutil.copyfile(source, target)


def _bytes(tensor: TensorProto) -> int:
    from onnx import TensorProto as T
    from onnx.helper import tensor_dtype_to_np_dtype

    if tensor.data_type == T.STRING or tensor.data_type == T.UNDEFINED:
        raise BadModel(f"tensor '{tensor.name}' has external data of a type that no zeros can stand for")
    halves = (T.INT4, T.UINT4, T.FLOAT4E2M1)
    bits = 4 if tensor.data_type in halves else 8 * tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    return int(-(-math.prod(tensor.dims) * bits // 8))


def _place(tensor: TensorProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in tensor.external_data}


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """Weights and constants of a graph and of the graphs in its nodes."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            graphs: Any = [attribute.g] if attribute.HasField("g") else []
            for inner in (*graphs, *attribute.graphs):
                yield from _tensors(inner)
