"""Why a row misses its bar: known differences between our plans and those of Intel's compiler, by kind of graph.

`causes.csv`: the pattern of "table kind name", the measure and the NPU it is about (empty: any), whether ours is below
(`<`) or above (`>`) theirs, and the reason. The first line that fits is printed.
"""

import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("causes.csv")


class Cause(NamedTuple):
    """A line of the file."""

    name: str
    measure: str
    npu: str
    side: str
    why: str

    def fits(self, text: str, measure: str, npu: str, ratio: float) -> bool:
        """Whether it explains one miss."""
        side = "<" if ratio < 1 else ">"
        known = self.measure in (measure, "") and self.npu in (npu, "") and self.side in (side, "")
        return known and re.search(self.name, text) is not None


@cache
def causes() -> tuple[Cause, ...]:
    """All lines, in order."""
    with FILE.open(encoding="utf-8") as file:
        return tuple(Cause(**row) for row in csv.DictReader(file))


def cause_of(table: str, name: str, kind: str, missed: list[tuple[str, str, float]]) -> str:
    """The reasons of the measures missed, each once; `not known` where no line fits."""
    text = f"{table} {kind} {name}"
    found = (next((c.why for c in causes() if c.fits(text, *miss)), "not known") for miss in missed)
    return "; ".join(dict.fromkeys(found))
