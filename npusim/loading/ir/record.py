"""What an OpenVINO IR file says, as plain records: layers with their ports, edges between them, and bodies."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Port:
    """One input or output of a layer. `dims`: its sizes, -1 for a free one; none for a scalar, and where the number of
    axes is not known. `precision` is spelt as in the file ('FP32'); `names` are the tensor's names."""

    id: int
    precision: str = ""
    names: tuple[str, ...] = ()
    dims: tuple[int, ...] = ()


@dataclass(slots=True)
class PortMap:
    """How a body of TensorIterator, Loop or If is bound to the layer around it: plain attributes of the file."""

    inputs: list[dict[str, str]] = field(default_factory=list)
    outputs: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Layer:
    """One operation. `bodies` and `port_maps` by the prefix of their tags: '', 'then_', 'else_'. `back_edges` pairs
    ids of a Result and a Parameter of the body."""

    id: int
    name: str
    type: str
    version: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    bodies: dict[str, Net] = field(default_factory=dict)
    port_maps: dict[str, PortMap] = field(default_factory=dict)
    back_edges: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Net:
    """The layers of a file or of a body, and what goes where: (layer, input port) -> (layer, output port). `cache`: the
    element type that the file wants its cache kept in (KV_CACHE_PRECISION)."""

    name: str = ""
    version: int = 0
    cache: str = ""
    layers: list[Layer] = field(default_factory=list)
    edges: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
