"""The graphs that teach and judge beside the one-node table: ONNX's own tests, real and awkward files, random graphs.

Which half a graph is in, a hash of its name says (`tests.vendor.compiled.half`)."""

from collections.abc import Iterator
from functools import cache

import onnx

from tests.backend.models import models
from tests.shared import SHARED
from tests.vendor.compiling.random_graphs import random_graph

RANDOM = 400
FOLDERS = ("graphs/traps", "graphs/small", "cases/rewrites", "cases/public", "cases/hostile", "graphs/llm/blocks",
           "graphs/llm/small", "cases/real")  # fmt: skip
LARGEST_BYTES = 30 * 2**20
#: Files whose only point is to claim a machine.
CLAIMS = {"relu_rank_1000_of_2.onnx", "convpad.onnx", "lstm6.onnx", "nest20.onnx"}


@cache
def judges() -> tuple[tuple[str, bytes], ...]:
    """Names and serialised models."""
    return tuple(_judges())


def _judges() -> Iterator[tuple[str, bytes]]:
    for number in range(RANDOM):
        yield f"random/{number}", random_graph(number).SerializeToString()
    for folder in FOLDERS:
        for path in sorted((SHARED / folder).glob("**/*.onnx")):
            if path.stat().st_size > LARGEST_BYTES or path.name in CLAIMS:
                continue
            content = path.read_bytes()
            yield f"{folder}/{path.name}", content
            yield from bound(f"{folder}/{path.name}", content)
    for name, content in models():
        if not name.startswith("light/"):
            yield f"backend/{name}", content


def bound(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """The model with its free dimensions bound, if it has some: batches to 1, others to 16."""
    try:
        model = onnx.load_from_string(content)
    except Exception:  # hostile files
        return
    free = False
    for value in model.graph.input:
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param"):
                free = True
                dim.dim_value = 1 if "batch" in dim.dim_param or dim.dim_param in ("b", "B", "N") else 16
    if free:
        yield f"{name}@bound", model.SerializeToString()
