"""What the draws have shown: the worst difference of each output, and remarks."""

from __future__ import annotations

from dataclasses import dataclass, field

from xamba.proof.difference import OutputDifference


@dataclass
class Findings:
    """The worst difference of each output, the draws that were run, and remarks."""

    worst: dict[str, OutputDifference] = field(default_factory=dict)
    draws: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, found: OutputDifference) -> None:
        """Keep the worse one; of two failed ones the first."""
        old = self.worst.get(found.name)
        if old is None or (old.ok and found.badness > old.badness):
            self.worst[found.name] = found

    def merge(self, other: Findings, first: bool) -> None:
        """Take in other findings; with `first`, theirs are shown where both pass."""
        self.draws += other.draws
        for one in other.worst.values():
            if first and one.ok and self.worst.get(one.name, one).ok:
                self.worst[one.name] = one
            self.add(one)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    @property
    def settled(self) -> bool:
        """Every output has failed: no further draw can tell more."""
        return bool(self.worst) and not any(found.ok for found in self.worst.values())
