"""Types of weights and activations, layer by layer."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import model_validator

from npusim.arch.hardware import Hardware
from npusim.compiler.fuse.as_quantised import READS
from npusim.compiler.fuse.quantised import MAC_OPS
from npusim.graph import Contents, DType, Graph, Node, Value
from npusim.terminal.units import nbytes
from npusim.whatif.base import Supposition, option
from npusim.whatif.dense_and_sparse import beside, lists
from npusim.whatif.weights import count, marked, matches, products, stored

#: Type of a weight -> the type the MAC array reads it as, and bits it takes in memory.
WEIGHTS = {
    "fp16": (DType.FLOAT16, 16.0),
    "int8": (DType.INT8, 8.0),
    "fp8": (DType.FLOAT8E4M3FN, 8.0),
    "int4": (DType.INT4, 4.0),
    "nf4": (DType.INT4, 4.0),
    "int3": (DType.INT4, 3.0),
    "int2": (DType.INT2, 2.0),
    "binary": (DType.INT2, 1.0),
}
ACTIVATIONS = {"int8": DType.INT8, "fp8": DType.FLOAT8E4M3FN}
SCALE_BITS = 16.0  # an fp16 scale a group of weights
#: First generation whose MAC array reads a type (VPUNN: device_valid_valuesVPU*.h); the others no generation reads.
NATIVE = {"fp16": 0, "int8": 0, "int4": 0, "int2": 5010, "fp8": 5010}
OTHER = {
    "nf4": "a table of 16 values in front of the array for every group of weights (NormalFloat, QLoRA)",
    "int3": "weights of three bits unpacked on the way into the array",
    "binary": "weights of one bit unpacked on the way into the array",
}


class Precision(Supposition):
    """What if weights or activations were narrower, in all layers or in some?

    Weights take their bits in memory and on the way there; the MAC array reads what is narrower than 8 bits as 8 bits
    (VPUNN), so that by default they are stored smaller and multiplied no faster. `mac_rate` supposes an array that does
    more of them at once. Activations become what static quantisation leaves: 8 bits in front of the MAC array, fp16 on
    the DSPs. `outliers` keeps a share of the weights apart, in fp16, as a sparse product beside the dense one: on the
    array, or, as a list, on the DSPs, which fetch what each outlier is multiplied by."""

    name: ClassVar[str] = "precision"
    came_from: ClassVar[str] = (
        "SqueezeLLM (3 and 4 bits, dense-and-sparse), QLoRA (NF4), spiking and binary co-design"
    )

    weights: Literal["fp16", "int8", "fp8", "int4", "nf4", "int3", "int2", "binary"] | None = option(
        None, "type of the weights in memory; as in the file by default"
    )
    activations: Literal["int8", "fp8"] | None = option(
        None, "type of what the MAC array reads; as in the file by default"
    )
    layers: str = option("*", "names of the nodes it is about, with * and ?")
    group: int = option(
        0, "weights that share one fp16 scale; 0: one scale a channel, which costs nothing", ge=0
    )
    outliers: float = option(
        0.0, "share of the weights of products kept in fp16 as a sparse matrix", ge=0, le=1
    )
    outliers_as: Literal["bitmap", "list"] = option(
        "bitmap",
        "how outliers are stored: values and a bitmap for the array, or a list of values and 16-bit places",
    )
    mac_rate: float = option(
        1.0,
        "multiplications in the time of one of the activations' type",
        ge=1,
        le=64,
        source="published: weights below 8 bits are read as 8 bits (VPUNN); more is assumed",
    )

    @model_validator(mode="after")
    def _together(self) -> Precision:
        if self.weights is None and (self.outliers or self.group or self.mac_rate != 1):
            raise ValueError("outliers, group and mac_rate are of weights; give weights=int4 or another type")
        if self.activations and self.weights == "fp16":
            raise ValueError(
                f"weights fp16 do not meet activations {self.activations} in the array; give weights of 8 bits or less"
            )
        return self

    def apply(self, graph: Graph, hw: Hardware) -> tuple[Graph, Hardware]:
        """The graph with weights of another type, and what is asked of the nodes that read them."""
        if self.weights is None and self.activations is None:
            return graph, hw
        whole = graph
        if self.weights is not None:
            graph = marked(graph, self._stored, pattern=self.layers)
            if self.outliers:
                graph = beside(whole, graph, self.outliers, self.layers, self.outliers_as == "list")
        if self.activations is not None:
            products(whole, self.layers)  # a pattern that matches nothing is told
            graph = replace(graph, nodes=tuple(self._reading(node) for node in graph.nodes))
        return graph, hw

    def _reading(self, node: Node) -> Node:
        asked = node.op_type in (*MAC_OPS, "Add", "Sub") and matches(node, self.layers)
        if not (asked and self.activations):
            return node
        return replace(node, metadata={**node.metadata, READS: ACTIVATIONS[self.activations].label})

    def _stored(self, value: Value, known: Contents, packed_bits: float) -> Value:
        """Narrower in memory and where the array reads them; the plan stays that of the file's type, or of 8 bits
        where activations become 8 bits too."""
        has = packed_bits or value.dtype.npu_bytes * 8
        if self.weights is None or has < WEIGHTS[self.weights][1]:
            return value  # already narrower in the file
        native, bits = WEIGHTS[self.weights]
        bits += SCALE_BITS / self.group if self.group else 0.0
        dtype = ACTIVATIONS[self.activations] if self.activations and not packed_bits else value.dtype
        type_bits = packed_bits or dtype.npu_bytes * 8
        contents = replace(
            known,
            stored=min(1.0, bits / type_bits) * known.stored,
            read=min(1.0, native.npu_bytes * 8 / type_bits) * known.read,
            slots=known.slots / self.mac_rate,
        )
        return replace(value, dtype=dtype, contents=value.contents if contents == Contents() else contents)

    def requires(self, hw: Hardware) -> str:
        """What this generation's array does not read."""
        asked = [one for one in (self.weights, self.activations) if one]
        needs = [OTHER[one] for one in asked if one in OTHER]
        needs += [
            f"{one} in the MAC array, which VPUNN knows from NPU {NATIVE[one]} on"
            for one in dict.fromkeys(asked)
            if NATIVE.get(one, 0) > int(hw.generation)
        ]
        if self.mac_rate != 1:
            needs.append(f"an array that does {self.mac_rate:g} of these multiplications in the time of one")
        if self.outliers and self.outliers_as == "bitmap":
            needs.append("outliers as values and a bitmap, which the array skips as it skips sparse weights")
        if self.outliers and self.outliers_as == "list":
            needs.append(
                "a kernel that fetches, multiplies and sums a list of outliers; priced as the ops it is of"
            )
        return "; ".join(needs)

    def says(self, before: Graph, after: Graph, hw: Hardware) -> str:
        """Bytes of the weights before and after, and what became 8 bits wide."""
        nodes, _, was = count(before, self.layers)
        _, _, now = count(after, self.layers)
        parts = []
        if self.weights:
            parts.append(
                f"weights of {nodes} nodes in {self.weights}: {nbytes(now)} in place of {nbytes(was)}"
            )
            if any(_sparse(before.values[name]) for name in stored(before, self.layers)):
                parts.append(
                    "sparse ones' bitmaps shrink with them: give precision before sparsity to keep a bit a weight"
                )
            if self.outliers:
                listed = sum(after.values[n].npu_bytes for n in lists(after))
                more = f"as lists of {nbytes(listed)}" if listed else "counted in"
                parts.append(f"{100 * self.outliers:g}% of them in fp16 beside, {more}")
        if self.activations:
            parts.append(f"what the MAC array reads in {self.activations}")
        return "; ".join(parts) or "types as in the file: nothing changes"


def _sparse(value: Value) -> bool:
    """Whether it is known to have zeros, so that a bitmap is among the bytes it is stored in."""
    return value.contents is not None and value.contents.zeros > 0
