"""Our answer about each judged graph beside the compiler's: precision and recall of "refused"."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from npusim import hardware
from npusim.checking.check import check
from npusim.checking.record import Answer
from npusim.errors import NpusimError

NPU_NAMES = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}
BAD = "bad input"


class Score(NamedTuple):
    """How often 'refused' is right where it is said, and said where it is right; how often nothing is known."""

    graphs: int
    refused: int
    precision: float
    recall: float
    unknown: float


def ours(content: bytes, npu: str) -> str:
    """The answer of `npusim check`: compiles, refused, unknown, or bad input."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(content)
        try:
            return str(check(path, hardware(NPU_NAMES[npu])).answer)
        except NpusimError:
            return BAD


def score(rows: Iterable[tuple[str, str]]) -> Score:
    """Of pairs (why the compiler refused, '' if it compiled; our answer)."""
    pairs = [(bool(why), answer) for why, answer in rows]
    said = [theirs for theirs, answer in pairs if answer == Answer.REFUSED]
    truly = [answer == Answer.REFUSED for theirs, answer in pairs if theirs]
    unknown = sum(answer in (Answer.UNKNOWN, BAD) for _, answer in pairs)
    return Score(
        len(pairs), len(truly), sum(said) / max(1, len(said)), sum(truly) / max(1, len(truly)),
        unknown / max(1, len(pairs)),
    )  # fmt: skip
