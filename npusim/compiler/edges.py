"""What a compiler adds at the edge of the graph: conversions of float32, images laid out anew, plain copies.

An input image arrives with its channels outermost, and the MAC array wants them innermost: Intel's compiler turns
it by a pass of its own in front of the first op that needs it (`PermuteQuantize` in its schedules), through DDR
where it does not fit. Generations named in the profile pad fewer than 16 channels to 16 on the way."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.place import Placed, Placer
from npusim.compiler.profile import CompilerProfile
from npusim.graph import DType, Graph, Node, Value
from npusim.work import MacOp, MacWork, MoveWork, VectorWork

CHANNELS = 16
IMAGE_READERS = frozenset(
    ["Conv", "FusedConv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"]
    + ["BatchNormalization", "Relu", "LeakyRelu", "PRelu", "Clip", "Mul"]
)
BY_CHANNEL = (MacOp.CONVOLUTION, MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.AVERAGE_POOL)
CLAMPS = ("Relu", "LeakyRelu", "PRelu", "Clip")


class Inputs:
    """Gives the steps their inputs: `arrange(step)` is the steps to put in front of it, and the step with the
    tensors it then reads. `values` gets the tensors that are made here."""

    def __init__(
        self, graph: Graph, values: dict[str, Value], profile: CompilerProfile, generation: str
    ) -> None:
        self.values = values
        self.engine = profile.input_convert.get(generation, "dma")
        self.pads = generation in profile.pads_images
        self.given = {n for n in graph.inputs if values[n].elements and not values[n].constant}
        self.wide = {n for n in self.given if values[n].dtype is DType.FLOAT}
        self.made: dict[str, str] = {}

    def arrange(self, step: Placed) -> tuple[list[Placed], Placed]:
        """Conversions and turns in front of `step`, each input's once, and `step` reading what they make."""
        before: list[Placed] = []
        for name in step.reads:
            if name not in self.given:
                continue
            source = name
            if name in self.wide:
                self.wide.discard(name)
                self.values[f"{name}/fp16"] = replace(
                    self.values[name], name=f"{name}/fp16", dtype=DType.FLOAT16
                )
                before.append(conversion(f"{name}/convert", name, f"{name}/fp16", self.values, self.engine))
                self.made[name] = source = f"{name}/fp16"
            source = self.made.get(name, source)
            if (
                not source.endswith("/turned")
                and name == step.node.inputs[0]
                and _wants_image(step, self.values[name])
            ):
                before.append(self._turned(name, source))
        if self.made:
            step = replace(step, reads=tuple(self.made.get(n, n) for n in step.reads))
        return before, step

    def _turned(self, name: str, source: str) -> Placed:
        value = self.values[source]
        batch, channels, *plane = value.shape
        kept = max(channels, CHANNELS) if self.pads else channels
        turned = f"{name}/turned"
        self.values[turned] = replace(value, name=turned, shape=(batch, kept, *plane))
        self.made[name] = turned
        rows, columns = batch * (plane[0] if len(plane) > 1 else 1), plane[-1]
        size = value.dtype.npu_bytes
        work = MacWork(
            MacOp.PERMUTE_IMAGE, rows, columns, channels, channels, rows, columns,
            input_bytes=size, weight_bytes=size, output_bytes=size,
        )  # fmt: skip
        node = Node(f"{name}/permute", "PermuteQuantize", (source,), (turned,))
        why = "an input image is turned so that its channels lie innermost, as the MAC array reads them"
        return Placed(node, "mac_permute", (work,), "mac_array", why, (source,), (turned,), 0.0, 0.0)


def _wants_image(step: Placed, value: Value) -> bool:
    """Whether the step reads an image by its channels: more than one of them, and more than one pixel."""
    shape = value.shape
    if step.node.op_type not in IMAGE_READERS or step.engine != "mac_array" or len(shape) != 4:
        return False
    first = step.steps[0]
    by_channel = isinstance(first, MacWork) and (first.op in BY_CHANNEL or step.node.op_type in CLAMPS)
    return by_channel and shape[1] > 1 and shape[2] * shape[3] > 1


def conversion(name: str, source: str, result: str, values: dict[str, Value], engine: str) -> Placed:
    """float32 <-> fp16 at the edge of the graph, by DMA or by a DSP kernel."""
    value = values[source]
    node = Node(name, "Convert", (source,), (result,))
    work: VectorWork | MoveWork
    if engine == "dsp":
        work = VectorWork("convert", value.elements, independent=max(1, value.elements))
        why = "float32 at the graph's edge is converted by a DSP kernel on this generation"
    else:
        work = MoveWork(value.elements * 4.0)
        why = "float32 at the graph's edge is converted by the DMA on this generation"
    return Placed(node, engine, (work,), engine, why, (source,), (result,), 0.0, 0.0)


def outgoing(
    graph: Graph, values: dict[str, Value], placer: Placer, made: set[str], engine: str
) -> tuple[list[Placed], tuple[str, ...]]:
    """The steps that write the graph's outputs where no op does (conversions to float32, copies of inputs), and
    the tensors that leave."""
    steps: list[Placed] = []
    outputs = []
    for name in graph.outputs:
        source = placer.root(name)
        value = values[name]
        left = source
        if source in made and value.dtype is DType.FLOAT and value.elements:
            left = f"{name}/fp32"
            if left not in values:
                values[left] = Value(left, value.shape, DType.UINT32)  # 4 bytes an element, as float32 in DDR
                steps.append(conversion(f"{name}/convert", source, left, values, engine))
        elif source in graph.inputs and name != source and value.elements:
            left = name
            steps.append(_copied(name, source, value))
        outputs.append(left)
    return steps, tuple(outputs)


def _copied(name: str, source: str, value: Value) -> Placed:
    """An output that is only a view of an input is another buffer all the same."""
    size = 4.0 if value.dtype is DType.FLOAT else value.dtype.npu_bytes
    work = MoveWork(value.elements * size, destination="ddr")
    why = "an output that is a view of an input of the graph is copied by the DMA"
    node = Node(f"{name}/copy", "Copy", (source,), (name,))
    return Placed(node, "dma", (work,), "dma", why, (source,), (name,), 0.0, 0.0)
