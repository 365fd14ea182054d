"""The same narrowing in the ONNX file: weights cut where they are there, shapes where they are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from npusim.errors import BadArgument
from npusim.graph import Node
from npusim.whatif.axes.narrow import Narrowing, changes
from npusim.whatif.axes.unshare import Copy

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto


def narrowed_model(model: ModelProto, n: Narrowing) -> ModelProto:
    """A copy of `model`, whose graph the narrowing is of, under new lengths; `model` itself if nothing changes.

    Raises BadArgument: an axis that changes lies in a loop, a branch or a function of the file."""
    if all(n.coupling.terms.sizes[atom] == size for atom, size in n.sizes.items()):
        return model
    copy = type(model)()
    copy.CopyFrom(model)
    _File(copy, n).rewrite()
    return copy


def with_dims(model: ModelProto, dims: Mapping[str, int]) -> ModelProto:
    """A copy of a model with free dimensions of its inputs bound by name. Raises what loading raises."""
    from npusim.onnx_io import load

    values = load(model, dims).values
    copy = type(model)()
    copy.CopyFrom(model)
    for info in copy.graph.input:
        if info.name in values and info.type.tensor_type.HasField("shape"):
            for dim, size in zip(info.type.tensor_type.shape.dim, values[info.name].shape, strict=False):
                dim.dim_value = size
    return copy


class _File:
    """The copy while it is rewritten."""

    def __init__(self, model: ModelProto, n: Narrowing) -> None:
        self.graph, self.n = model.graph, n
        self.opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
        nodes: list[NodeProto] = list(self.graph.node)
        self.by_output = {name: node for node in nodes for name in node.output if name}
        self.by_name = {node.name: node for node in nodes if node.name}
        self.initializers = {tensor.name: tensor for tensor in self.graph.initializer}
        self.taken = {*self.initializers, *self.by_output, *(i.name for i in self.graph.input)}
        self.made: dict[tuple[Any, ...], str] = {}
        self.before: dict[str, list[NodeProto]] = {}  # nodes to stand before the one that makes this tensor

    def rewrite(self) -> None:
        for name, copy in self.n.coupling.copies.items():
            self._copy(name, copy)
        for node in self.n.coupling.graph.nodes:
            self._node(node)
        nodes = [x for node in self.graph.node for x in (*self.before.get(node.output[0], ()), node)]
        if self.before:
            kept = [type(node).FromString(node.SerializeToString()) for node in nodes]
            del self.graph.node[:]
            self.graph.node.extend(kept)
        read = {name for node in self.graph.node for name in _reads(node)} | {
            o.name for o in self.graph.output
        }
        left = [tensor for tensor in self.graph.initializer if tensor.name in read]
        if len(left) < len(self.graph.initializer):
            left = [type(tensor).FromString(tensor.SerializeToString()) for tensor in left]
            del self.graph.initializer[:]
            self.graph.initializer.extend(left)
        self._declared()

    def _copy(self, name: str, copy: Copy) -> None:
        """What makes a shared constant, once more in the file for a reader that sees it otherwise."""
        n, values = self.n, self.n.coupling.graph.values
        mine = next(node for node in n.coupling.graph.nodes if node.name == name)
        both = [(mine, mine.outputs[0]), (copy.original, copy.original.outputs[0])]
        if all(n.shape(node, out) == values[out].shape for node, out in both):
            return
        old, reader = self._of_file(copy.original), self._of_file(copy.reader)
        made = type(old)()
        made.CopyFrom(old)
        made.name = name
        suffix = f"/{copy.reader.name}"
        for k, new in enumerate(mine.outputs):
            made.output[k] = new
        for k, new in enumerate(mine.inputs):
            if new.endswith(suffix):
                made.input[k] = new
        for k, read in enumerate(reader.input):
            if read in old.output:
                reader.input[k] = f"{read}{suffix}"
        self.before.setdefault(reader.output[0], []).append(made)
        self.by_name[name] = made
        self.taken.update(made.output)

    def _node(self, node: Node) -> None:
        n, values = self.n, self.n.coupling.graph.values
        change = changes(n, node, self.opset)
        cut = [
            (k, name)
            for k, name in enumerate(node.inputs)
            if name in n.coupling.stored and n.shape(node, name) != values[name].shape
        ]
        if not cut and not change.constants and not change.attributes:
            return
        mine = self._of_file(node)
        for k, name in cut:
            if k not in change.constants:
                mine.input[k] = self._weight(node, mine, mine.input[k], name)
        for k, data in change.constants.items():
            while len(mine.input) <= k:
                mine.input.append("")
            name = self._fresh(f"{node.name or node.outputs[0]}/{k}")
            self.graph.initializer.append(_tensor(data, name))
            mine.input[k] = name
        for key, value in change.attributes.items():
            for place, attribute in reversed(list(enumerate(mine.attribute))):
                if attribute.name == key:
                    del mine.attribute[place]
            if value is not None:
                made = mine.attribute.add(name=key)
                if isinstance(value, tuple):
                    made.ints.extend(value)
                    made.type = made.INTS
                else:
                    made.i, made.type = int(value), made.INT

    def _of_file(self, node: Node) -> NodeProto:
        """The file's own node of a node of the graph."""
        by_name, by_output = self.by_name.get(node.name), self.by_output.get(node.outputs[0])
        if by_name is not None and by_name.op_type == node.op_type:
            return by_name
        if by_output is not None and by_output.op_type == node.op_type:
            return by_output
        raise BadArgument(
            f"node '{node.name}' ({node.op_type}) has an axis that changes, and the file writes it otherwise "
            "(in a loop, a branch, a sequence of tensors); run the what-if without --save"
        )

    def _weight(self, node: Node, mine: NodeProto, read: str, name: str) -> str:
        """Name of a constant cut as this node needs it. `read`: what the file's node reads; `name`: the constant."""
        n = self.n
        places = n.indices(node, name)
        if not places and not n.kept:
            raise BadArgument(f"the constant '{name}' cannot be made longer in a file; run without --save")
        key = (name, tuple((axis, kept.tobytes()) for axis, kept in sorted(places.items())))
        if key in self.made:
            return self.made[key]
        value = n.coupling.graph.values[name]
        tensor = self.initializers.get(name)
        if tensor is not None:
            new = self._fresh(name)
            self.graph.initializer.append(_cut_tensor(tensor, places, n.shape(node, name), new))
        elif value.data is not None:
            new = self._fresh(name)
            data = value.data
            for axis, kept in places.items():
                data = np.take(data, kept, axis)
            self.graph.initializer.append(_tensor(data, new))
        else:
            new = self._gathered(mine, read, places)
        self.made[key] = new
        return new

    def _gathered(self, mine: NodeProto, read: str, places: dict[int, np.ndarray]) -> str:
        """What other constants are computed to is cut behind the computation."""
        for axis, kept in places.items():
            index = self._fresh(f"{read}/{axis}")
            self.graph.initializer.append(_tensor(kept.astype(np.int64), index))
            made = type(mine)(op_type="Gather", name=f"{index}/Gather")
            made.input.extend((read, index))
            read = f"{index}/out"
            made.output.append(read)
            attribute = made.attribute.add(name="axis", i=axis)
            attribute.type = attribute.INT
            self.before.setdefault(mine.output[0], []).append(made)
        return read

    def _fresh(self, base: str) -> str:
        name, k = f"{base}/narrow", 1
        while name in self.taken:
            k += 1
            name = f"{base}/narrow{k}"
        self.taken.add(name)
        return name

    def _declared(self) -> None:
        """Shapes the file tells of inputs, outputs and tensors between."""
        edge = Node("", "", (), ())
        values = self.n.coupling.graph.values
        for info in (*self.graph.input, *self.graph.output, *self.graph.value_info):
            if info.name not in values or not info.type.tensor_type.HasField("shape"):
                continue
            dims = info.type.tensor_type.shape.dim
            new, old = self.n.shape(edge, info.name), values[info.name].shape
            for dim, one, other in zip(dims, new, old, strict=False):
                if one != other:
                    dim.Clear()
                    dim.dim_value = one


def _reads(node: NodeProto) -> list[str]:
    """All tensors a node reads, those of its subgraphs too."""
    found = [name for name in node.input if name]
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs:
            found += [name for inner in graph.node for name in _reads(inner)]
            found += [output.name for output in graph.output]
    return found


def _tensor(data: np.ndarray, name: str) -> TensorProto:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ascontiguousarray(data), name)


def _cut_tensor(
    tensor: TensorProto, places: dict[int, np.ndarray], shape: tuple[int, ...], name: str
) -> TensorProto:
    """A weight with some indices only; of one whose data lie in a file that is not there, the shape."""
    from onnx import numpy_helper

    if tensor.data_location == tensor.EXTERNAL:
        made = type(tensor)()
        made.CopyFrom(tensor)
        made.name = name
        del made.dims[:]
        made.dims.extend(shape)
        entries = {entry.key: entry for entry in made.external_data}
        if "length" in entries and np.prod(tensor.dims):
            length = int(entries["length"].value) * int(np.prod(shape)) // int(np.prod(tensor.dims))
            entries["length"].value = str(length)
        return made
    data = numpy_helper.to_array(tensor)
    for axis, kept in places.items():
        data = np.take(data, kept, axis)
    return _tensor(data, name)
