"""Zeros in weights and activations: multiplications skipped, and weights kept compressed."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import model_validator

from npusim.arch.hardware import Hardware
from npusim.graph import Contents, Graph, Value
from npusim.terminal.units import nbytes
from npusim.whatif.base import Supposition, option
from npusim.whatif.weights import count, marked

#: Bits beside every weight that say whether it is zero (VPUNN: mask of 1 bit a weight); 2:4 needs as many, two for each
#: of the two that are kept of four.
BITMAP_BITS = 1.0


class Sparsity(Supposition):
    """What if a share of the weights, or of the activations, were zero?

    `unstructured`: weights are stored as those that are not zero and a bitmap, where that is smaller, and the MAC array
    skips what the generation skips (`mac_array.convolution.sparsity_saving`, fitted to VPUNN). `2:4`: the same bytes,
    and every slot of the array is used. `channel`: whole input channels are zero: no bitmap, no slot, nothing read.
    Activations are skipped and move as they are. What is no product on the MAC array stays dense."""

    name: ClassVar[str] = "sparsity"
    needs: ClassVar[str] = "weights kept as values and a bitmap, which the MAC array reads without unpacking"
    came_from: ClassVar[str] = (
        "RAMAN (zero skipping and compression), SqueezeLLM (dense-and-sparse), 2:4 pruning"
    )

    weights: float = option(0.0, "share of the weights that are zero", ge=0, le=1)
    activations: float = option(0.0, "share of the activations that are zero", ge=0, le=1)
    pattern: Literal["unstructured", "2:4", "channel"] = option(
        "unstructured", "where the zeros of the weights are"
    )
    layers: str = option("*", "names of the nodes it is about, with * and ?")

    @model_validator(mode="after")
    def _half(self) -> Sparsity:
        if self.pattern == "2:4" and self.weights not in (0.0, 0.5):
            raise ValueError(
                f"two of four are a share of 0.5, and weights is {self.weights:g}; leave weights out"
            )
        return self

    @property
    def share(self) -> float:
        """Share of the weights that are zero."""
        return 0.5 if self.pattern == "2:4" else self.weights

    def apply(self, graph: Graph, hw: Hardware) -> tuple[Graph, Hardware]:
        """What is known of weights and of activations that products read."""
        weights = self._weights if self.share else None
        activations = self._activations if self.activations else None
        if weights is None and activations is None:
            return graph, hw
        return marked(graph, weights, activations, self.layers), hw

    def _weights(self, value: Value, known: Contents, packed_bits: float) -> Value:
        if known.found >= self.share:
            return value  # as many are zero in the file
        known = replace(known, found=0.0)
        kept = 1.0 - self.share
        bitmap = (
            0.0 if self.pattern == "channel" else BITMAP_BITS / (packed_bits or 8 * value.dtype.npu_bytes)
        )
        stored = known.stored * kept + bitmap
        if stored >= known.stored:  # not worth a bitmap: it stays dense, and without one nothing is skipped
            return value
        if self.pattern == "unstructured":
            zeros = 1.0 - (1.0 - known.zeros) * kept
            return replace(value, contents=replace(known, stored=stored, zeros=zeros))
        contents = replace(known, stored=stored, slots=known.slots * kept, read=known.read * kept)
        return replace(value, contents=contents)

    def _activations(self, value: Value, known: Contents, packed_bits: float) -> Value:
        zeros = 1.0 - (1.0 - known.zeros) * (1.0 - self.activations)
        return replace(value, contents=replace(known, zeros=zeros))

    def requires(self, hw: Hardware) -> str:
        """Intel's array takes sparse weights of any pattern; the others are of another machine or another compiler."""
        if self.pattern == "2:4":
            return "an array that picks the two of four that are not zero, so that no slot stays empty"
        if self.pattern == "channel":
            return "a compiler that leaves zero input channels out where the layer in front makes them all the same"
        return (
            self.needs if self.share else "" if not self.activations else "a bitmap written with activations"
        )

    def says(self, before: Graph, after: Graph, hw: Hardware) -> str:
        """Bytes of the weights before and after, and what the array may skip."""
        nodes, _, dense = count(before, self.layers)
        _, _, stored = count(after, self.layers)
        saved = hw.mac_array.convolution.sparsity_saving
        parts = []
        if self.share:
            parts.append(
                f"{100 * self.share:g}% zeros ({self.pattern}): weights of {nodes} nodes take {nbytes(stored)} "
                f"in place of {nbytes(dense)}"
            )
        if self.activations:
            parts.append(f"{100 * self.activations:g}% of the activations zero")
        if (self.share and self.pattern == "unstructured") or self.activations:
            source = hw.source("mac_array.convolution.sparsity_saving").kind
            parts.append(f"the array saves {100 * saved:.0f}% of what zeros cost ({source})")
        return "; ".join(parts) or "nothing is zero: nothing changes"
