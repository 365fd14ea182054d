"""What goes head by head of attention without a mask (npusim.compiler.chains.heads)."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

LEAST_ROWS = 64  # 48 queries of 48 keys are taken together, 64 of 64 are not
LEAST_OF_OTHERS = (
    256  # queries of keys of another tensor: 64 of 128 and 80 of 160 are taken together, 256 of 1,024 not
)
GATHERED = "heads_gathered"  # results of heads that lie apart in DDR, put side by side there


class Heads(NamedTuple):
    """`softmax`: results of softmaxes taken head by head. `queries`, `others`: results of products of weights -> heads
    they are cut into; `others` are keys and values."""

    softmax: frozenset[str]
    queries: Mapping[str, int]
    others: Mapping[str, int]

    def cut(self, names: Iterable[str]) -> bool:
        """Whether one of these is the result of a product that is cut into heads."""
        return any(n in self.queries or n in self.others for n in names)


NO_HEADS = Heads(frozenset(), {}, {})
