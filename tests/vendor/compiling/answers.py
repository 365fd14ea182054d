"""The compiler's messages as kinds, and its graphs as npusim reads them."""

import re
import tempfile
from pathlib import Path

from npusim import load
from npusim.errors import NpusimError, UnknownShape
from npusim.graph import Graph, Node

KINDS = (
    ("unread", r"No conversion rule found"),
    ("unread form", r"Conversion is failed for"),
    ("free", r"[Uu]pper bound|Dynamic rank|dynamic shape"),
    ("type", r"must be ranked tensor of|[Uu]nsupported (element )?type|precision|element type"),
    ("rank", r"BLOCKED for 0|out-of-range dimension|[Uu]nsupported rank|\brank\b"),
    ("memory", r"CMX|does not fit|[Tt]iling|memory"),
    ("pass", r"Failed Pass (\w+)"),
)


def kind(stage: str, said: str) -> str:
    """Why a graph was refused, in a word; empty if it was not."""
    if stage in ("ok", "crash", "timeout"):
        return "" if stage == "ok" else stage
    text = said if stage == "compile" else said.partition("Summary:")[2] or said
    return next((name for name, pattern in KINDS if re.search(pattern, text)), "refused")


def key(node: Node) -> str:
    """An op as the rules spell it."""
    return f"{node.domain}.{node.op_type}" if node.domain else node.op_type


def loaded(content: bytes) -> Graph | None:
    """The graph of a model, None where npusim does not read it. Raises UnknownShape where the data decide a shape."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(content)
        try:
            return load(path, upper_bound=True)
        except UnknownShape:
            raise
        except NpusimError:
            return None
