"""Where tensors lie in a tile's scratchpad, as Intel's compiler puts them: each into the first gap that holds it, the
largest of a step first, among weights that were fetched ahead.

The addresses in 9 of its compiled networks (descriptors of transfers and of the MAC array) show the rules: a step's
result and loads are put in together; weights of later steps fill gaps behind it, as many as may arrive beside its
compute; where something finds no gap, weights leave (they are fetched again), then what waits for later steps, then the
step's own weights, at last its own inputs, which are read back beside the result. How far ahead it fetches depends on
its simulated times to the microsecond, and where an island of weights lies decides about megabytes. So several guesses
are followed, and most of them decide."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence, Set
from math import inf

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.tile_bytes import QUARTER, weights_on_tile, whole_on_tiles
from npusim.compiler.weights.prefetch import compute_bytes

Sized = tuple[str, float]  # a tensor and its bytes on a tile
Placeable = tuple[str | int, float]  # the same, or the step that weights are of and theirs
LATENCY_BYTES = 20_000  # what could arrive in the latency of a transfer
# What is fetched ahead beside a step, latencies included: at least so much, by guess, and 2.5 times that at most (45,
# 210, 220 and 360 KB beside the first step of four networks).
AHEAD_BYTES, MOST_AHEAD = (30_000, 60_000, 120_000, 200_000, 400_000), 2.5
LARGE_SHARE = 0.28  # of a tile: input and result of a step whose input leaves for its result
MOST_WEIGHTS_SHARE = 0.2  # of a tile; more arrive in parts


class Extents:
    """One guess of what lies where. `at`: start and end, by the name of a tensor or the step that weights are of.
    `fetched`: steps whose weights lie among them."""

    def __init__(self, room: float, ahead_bytes: float) -> None:
        self.room, self.ahead_bytes = room, ahead_bytes
        self.at: dict[str | int, tuple[float, float]] = {}
        self.fetched: set[int] = set()

    def put(self, tensors: Iterable[Placeable], k: int) -> bool:
        """Whether they find room at step `k`; weights that are needed last leave for them."""
        tensors = sorted(tensors, key=lambda t: -t[1])
        while not self._place(tensors):
            if max(self.fetched, default=k) <= k:
                return False
            self.drop_weights(max(self.fetched))
        return True

    def _place(self, tensors: Iterable[Placeable]) -> bool:
        before, taken = dict(self.at), sorted(self.at.values())
        for name, size in tensors:
            start = 0.0
            for begin, end in taken:
                if begin - start >= size:
                    break
                start = max(start, end)
            if self.room - start < size:
                self.at = before
                return False
            self.at[name] = (start, start + size)
            insort(taken, self.at[name])
        return True

    def fetch(self, weights: Sequence[float], weighted: Iterable[int], beside: float) -> None:
        """Weights of the steps `weighted` arrive in one batch, of which `beside` bytes hide behind compute."""
        left, batch = min(max(beside, self.ahead_bytes), MOST_AHEAD * self.ahead_bytes), []
        for i in weighted:
            if i in self.fetched:
                continue
            left -= weights[i] + LATENCY_BYTES
            if left < 0:
                break
            batch.append(i)
        for i in sorted(batch, key=lambda i: -weights[i]):
            if self._place([(i, weights[i])]):
                self.fetched.add(i)

    def drop(self, names: Iterable[str | int]) -> None:
        for name in names:
            self.at.pop(name, None)

    def drop_weights(self, step: int) -> None:
        self.fetched.discard(step)
        self.at.pop(step, None)

    def follow(self, other: Extents) -> None:
        self.at, self.fetched = dict(other.at), set(other.fetched)


class Addresses:
    """Guesses of what lies where in a tile, followed step by step."""

    def __init__(
        self, steps: Sequence[Placed], tiles: int, dsps: int, room: float, inputs_leave: bool = True,
        windows_whole: bool = False, gated: Set[str] = frozenset(), over_channels: bool = False,
    ) -> None:  # fmt: skip
        self.steps, self.tiles, self.dsps = steps, tiles, dsps
        self.room, self.inputs_leave = room, inputs_leave
        held = room if windows_whole else 0.0
        self.gated = gated
        self.whole = whole_on_tiles(steps, tiles, held, QUARTER * room if over_channels else inf) | gated
        self.weights = [min(MOST_WEIGHTS_SHARE * room, weights_on_tile(s, tiles, held)) for s in steps]
        self.weighted = [i for i, nbytes in enumerate(self.weights) if nbytes > 0]
        self.guesses = [Extents(room, ahead) for ahead in AHEAD_BYTES]

    def on_tile(self, sizes: Mapping[str, float], names: Iterable[str]) -> list[Sized]:
        """What a tile holds of tensors."""
        return [(n, sizes[n] if n in self.whole else sizes[n] / self.tiles) for n in names]

    def take_over(self, result: str, name: str) -> None:
        """`result` is written over `name`, and lies where that did (sums of two eca-NFNets and ResNets, whose skips
        leave a gap or none)."""
        for guess in self.guesses:
            if name in guess.at:
                guess.at[result] = guess.at[name]

    def settle(self, k: int, inside: Mapping[str, float]) -> None:
        """Before step `k`: what is not inside any more is gone, what came in another way is put somewhere."""
        for guess in self.guesses:
            for step in [i for i in guess.fetched if i < k]:
                guess.drop_weights(step)
            guess.drop([n for n in guess.at if n not in inside and not isinstance(n, int)])
            for tensor in self.on_tile(inside, [n for n in inside if n not in guess.at]):
                guess.put([tensor], k)

    def must_leave(self, k: int, new: list[Sized], own: list[Sized], others: Sequence[str]) -> list[str]:
        """Tensors that leave so that `new` ones find room at step `k`, in most of the guesses. `own`: its inputs that
        are inside; `others`: what waits there, needed last first."""
        found = [self._leaving(g, k, new, own, others) for g in self.guesses]
        leave = 2 * sum(map(bool, found)) > len(found)
        agreed = [i for i, names in enumerate(found) if bool(names) == leave]
        pick = agreed[len(agreed) // 2]
        later = self.weighted[bisect_left(self.weighted, k) :]
        beside = compute_bytes(self.steps[k], self.tiles, self.dsps)
        for i, guess in enumerate(self.guesses):
            if i not in agreed:
                guess.follow(self.guesses[pick])
            guess.fetch(self.weights, later, beside)
        return found[pick]

    def _leaving(
        self, guess: Extents, k: int, new: list[Sized], own: list[Sized], others: Sequence[str]
    ) -> list[str]:
        """What leaves in one guess: what waits for later steps, then the step's own weights, which were fetched ahead
        and are put in again beside the result, at last its inputs, where these and its results are large."""
        tensors: list[Placeable] = list(new)
        if self.weights[k] and k not in guess.fetched:
            tensors.append((k, self.weights[k]))
        guess.fetched.add(k)
        left: list[str] = []
        for name in (*others, None):
            if guess.put(tensors, k):
                return left
            if name is not None:
                left.append(name)
                guess.drop([name])
        if k in guess.at:
            guess.drop([k])
            if guess.put([*new, (k, self.weights[k])], k):
                return left
        large = min(sum(size for _, size in t) for t in (new, own)) >= LARGE_SHARE * self.room
        if not large or not self.inputs_leave:
            return []
        guess.drop(n for n, _ in own)
        guess.drop_weights(k)
        guess.put([*new, *own, (k, self.weights[k])], k)
        guess.fetched.add(k)
        return left + [n for n, _ in own]
