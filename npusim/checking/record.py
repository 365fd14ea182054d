"""What a check finds, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """Will Intel's compiler take the model?"""

    COMPILES = "compiles"
    REFUSED = "refused"
    UNKNOWN = "unknown"


#: Exit codes of `npusim check`; 2 is an error of the input, as in every command.
EXIT_CODES = {Answer.COMPILES: 0, Answer.REFUSED: 1, Answer.UNKNOWN: 3}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the compiler refuses (`refused`), or of which nobody knows.

    `kind` is a word for programs (`type`, `rank`, `free`, `unread` ...), `rule` the condition that was met with how
    often the compiler was asked, `why` and `remedy` sentences for people. `node` is empty for the model as a whole.
    """

    node: str
    op: str
    kind: str
    why: str
    remedy: str
    rule: str = ""
    refused: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for a model on an NPU. `nodes` were looked at; `notes` say under which conditions it holds."""

    graph: str
    hardware: str
    generation: str
    compiler: str
    nodes: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    model_sha256: str | None = None

    @property
    def answer(self) -> Answer:
        """Refused as soon as one finding is; unknown where one of them is; else it compiles."""
        if any(finding.refused for finding in self.findings):
            return Answer.REFUSED
        return Answer.UNKNOWN if self.findings else Answer.COMPILES
