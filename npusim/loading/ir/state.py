"""States: ReadValue becomes an input of the graph, Assign an output, as the NPU plugin makes a model stateless.

Intel's pipeline for language models does so before it compiles (`stateful_to_stateless_transformation`), fixes all
sizes and keeps the cache in the host's buffers: in fp16, or in fewer bits where the file asks for it
(KV_CACHE_PRECISION) or has such states itself. Each inference reads the cache and writes it. Reordering of beams
(`Gather` of a state by `beam_idx`) is left out, as it is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from npusim.errors import BadModel
from npusim.loading.ir.record import Layer, Net
from npusim.loading.ir.types import FLOATS, LOW, element
from npusim.messages import messages

BATCH, NEW, PAST = "batch_size", "sequence_length", "past_sequence_length"
#: Inputs of a language model as optimum exports it: what its free axes mean.
KNOWN_INPUTS = {
    "input_ids": (BATCH, NEW),
    "position_ids": (BATCH, NEW),
    "inputs_embeds": (BATCH, NEW),
    "attention_mask": (BATCH, f"{PAST} + {NEW}"),
    "beam_idx": (BATCH,),
}


@dataclass(slots=True)
class States:
    """What a net keeps between inferences.

    `language`: of a language model. `cache`: the type that states cross the edges of the graph in, '' for the file's
    own; `kept`: of single states, by name. `written`: the tensor that a state's next value is, where it is not what
    Assign reads. `variables`: who reads each state. `beams`: ids of inputs that only reorder states.
    """

    language: bool = False
    cache: str = ""
    variables: dict[str, Layer] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    beams: set[int] = field(default_factory=set)

    def free_sizes(self, name: str, given: list[str]) -> dict[int, str]:
        """Names of the free sizes of an input, by axis, where it is known what they mean."""
        known = KNOWN_INPUTS.get(name) if self.language else None
        return {} if known is None else dict(enumerate(known[: len(given)]))


def states_of(net: Net) -> States:
    """What a net keeps from one inference to the next. A language model has states and token ids."""
    states = States()
    for layer in net.layers:
        if layer.type == "ReadValue":
            states.variables[variable(layer)] = layer
    inputs = {layer.name for layer in net.layers if layer.type == "Parameter"}
    inputs |= {n for layer in net.layers if layer.type == "Parameter" for p in layer.outputs for n in p.names}
    states.language = bool(states.variables) and not inputs.isdisjoint(("input_ids", "inputs_embeds"))
    if states.language:  # the pipeline keeps a language model's cache in fp16, whatever the graph computes in
        asked = net.cache.lower()
        states.cache = "" if asked == "f32" else asked if asked in LOW else "f16"
    return states


def narrow(states: States, own: str) -> str:
    """The type a state is kept in where that is not its own: numbers of few bits, and whole ones, stay as they are."""
    return states.cache if own in FLOATS and states.cache != own else ""


def variable(layer: Layer) -> str:
    name = layer.attributes.get("variable_id", "")
    if not name:
        raise BadModel(f"layer '{layer.name}' ({layer.type}) does not say which state it is of")
    return name


def state_input(layer: Layer, name: str, states: States) -> Any:
    """The input that holds a state."""
    info = messages().ValueInfoProto(name=name)
    tensor = info.type.tensor_type
    port = layer.outputs[0]
    kind = layer.attributes.get("variable_type") or port.precision.lower().replace("fp", "f")
    kept = states.kept.get(variable(layer), kind)
    tensor.elem_type = element(kept, f"state '{name}'").number
    text = layer.attributes.get("variable_shape")
    given = [p.strip() for p in text.split(",")] if text else [str(d) for d in port.dims]
    free = [axis for axis, size in enumerate(given) if not size.isdigit()]
    names = {}
    if states.language:  # the first free axis is the batch, the next the rows so far
        names = dict(zip(free, [BATCH, PAST] if free[:1] == [0] else [PAST], strict=False))
    tensor.shape.SetInParent()
    for axis, size in enumerate(given):
        if size.isdigit():
            tensor.shape.dim.add(dim_value=int(size))
        else:
            tensor.shape.dim.add(dim_param=names.get(axis, f"{name}.{axis}"))
    return info


def only_reorder(net: Net) -> set[int]:
    """Ids of inputs that nothing reads but Gathers of states, as their indices (`beam_idx`)."""
    layers = {layer.id: layer for layer in net.layers}
    ports = {layer.id: [p.id for p in layer.inputs] for layer in net.layers if layer.type == "Gather"}
    reads: dict[int, list[bool]] = {}
    for (target, port), (source, _) in net.edges.items():
        if source not in layers or layers[source].type != "Parameter":
            continue
        found = False
        if target in ports and len(ports[target]) > 1 and ports[target][1] == port:
            data = net.edges.get((target, ports[target][0]))
            found = data is not None and data[0] in layers and layers[data[0]].type == "ReadValue"
        reads.setdefault(source, []).append(found)
    return {source for source, found in reads.items() if all(found)}
