"""What sending a token to experts asks of the host."""

from __future__ import annotations

from npusim.arch.hardware import Hardware
from npusim.graph import Graph
from npusim.terminal.units import time


def routing_sentence(step: Graph, hw: Hardware) -> str:
    """What choosing experts on the host would add to a token; empty for a model without them."""
    layers = sum(node.op_type == "TopK" for node in step.nodes)
    if not layers:
        return ""
    request = float(hw.host.latency_ns) / 1e3
    return (
        f"{layers} layers send a token to experts: where the host chooses them each is a request of its own "
        f"({layers} x {time(request)} = {time(layers * request)} a token, not in the answer)"
    )
