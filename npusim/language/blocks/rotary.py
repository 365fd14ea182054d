"""Rotary positions: the frequencies of a config, the cosines and sines of a pass, and how heads are turned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from npusim.errors import BadModel
from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class Rotary:
    """`dim` channels of a head are turned (the first ones, if it has more). `scaling`: the keys of `rope_scaling`
    in a config, sorted, empty for none. `interleaved`: pairs stand side by side (Cohere), not half a head apart."""

    theta: float
    dim: int
    scaling: tuple[tuple[str, object], ...] = ()
    interleaved: bool = False

    def frequencies(self, positions: int) -> tuple[np.ndarray, float]:
        """Angles a position of `dim`/2 pairs of channels, float64, and the factor of cosines and sines; `positions`:
        how long the sequence is (longrope has one set of frequencies for short ones).

        Raises BadModel for a kind of scaling that is not known."""
        plain = 1.0 / self.theta ** (np.arange(0, self.dim, 2) / self.dim)
        keys = dict(self.scaling)
        kind = str(keys.get("rope_type", keys.get("type", "default")))
        if kind not in KINDS:
            raise BadModel(f"rotary scaling '{kind}' is not known; known are {', '.join(sorted(KINDS))}")
        with np.errstate(all="ignore"):
            return KINDS[kind](plain, keys, positions)

    def check(self) -> None:
        """Raises BadModel for keys that make no frequencies, of short sequences or of long ones."""
        for positions in (1, 2**40):
            try:
                found, factor = self.frequencies(positions)
                right = found.shape == (self.dim // 2,) and bool(np.isfinite([*found, factor]).all())
            except (ValueError, TypeError, ArithmeticError, KeyError):
                right = False
            if not right:
                raise BadModel(
                    f"the keys of the rotary scaling make no {self.dim // 2} frequencies, which heads with "
                    f"{self.dim} turned channels need"
                )


Scaled = tuple[np.ndarray, float]


def _number(keys: dict[str, object], name: str, default: float | None = None) -> float:
    value = keys.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadModel(f"rotary scaling needs a number '{name}', got {value!r}")
    return float(value)


def _default(plain: np.ndarray, keys: dict[str, object], positions: int) -> Scaled:
    return plain, 1.0


def _linear(plain: np.ndarray, keys: dict[str, object], positions: int) -> Scaled:
    return plain / _number(keys, "factor"), 1.0


def _llama3(plain: np.ndarray, keys: dict[str, object], positions: int) -> Scaled:
    """Llama 3.1: wavelengths beyond the trained context are stretched, short ones kept, between them a blend."""
    low, high = _number(keys, "low_freq_factor"), _number(keys, "high_freq_factor")
    trained = _number(keys, "original_max_position_embeddings")
    waves = 2 * math.pi / plain
    blend = np.clip((trained / waves - low) / (high - low), 0.0, 1.0)
    return (1 - blend) * plain / _number(keys, "factor") + blend * plain, 1.0


def _longrope(plain: np.ndarray, keys: dict[str, object], positions: int) -> Scaled:
    """Phi-3: a factor a pair of channels, one list for the trained context and one beyond."""
    trained = _number(keys, "original_max_position_embeddings")
    factors = keys["long_factor" if positions > trained else "short_factor"]
    factor = keys.get("factor")
    if factor is None:
        factor = _number(keys, "max_position_embeddings", trained) / trained
    attention = keys.get("attention_factor")
    if attention is None:
        grown = float(str(factor))
        attention = 1.0 if grown <= 1 else math.sqrt(1 + math.log(grown) / math.log(trained))
    return plain / np.asarray(factors, float), float(str(attention))


def _yarn(plain: np.ndarray, keys: dict[str, object], positions: int) -> Scaled:
    """YaRN: as Llama 3's, blended by channel between two numbers of turns in the trained context."""
    factor, trained = _number(keys, "factor"), _number(keys, "original_max_position_embeddings")
    half = len(plain)
    turns = trained * plain / (2 * math.pi)
    log_step = math.log(plain[0] / plain[-1]) / (half - 1) if half > 1 else 1.0

    def channel(rotations: float) -> float:
        """The channel that turns so often in the trained context."""
        return math.log(float(turns[0]) / rotations) / log_step

    low, high = channel(_number(keys, "beta_fast", 32.0)), channel(_number(keys, "beta_slow", 1.0))
    if keys.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, 2 * half - 1)
    ramp = np.clip((np.arange(half) - low) / max(high - low, 0.001), 0.0, 1.0)
    attention = keys.get("attention_factor")
    if attention is None:
        attention = 1.0 if factor <= 1 else 0.1 * math.log(factor) + 1.0
    return plain / factor * ramp + plain * (1 - ramp), float(str(attention))


KINDS = {
    "default": _default,
    "linear": _linear,
    "llama3": _llama3,
    "longrope": _longrope,
    "su": _longrope,
    "yarn": _yarn,
}


def tables(w: Writer, rotary: Rotary) -> tuple[str, str]:
    """Cosines and sines [batch, 1, tokens, dim] of the pass, written once for all layers that share them."""
    key = ("rotary", rotary)
    if key not in w.shared:
        scope, w.scope = w.scope, ["rotary_emb"]
        w.shared[key] = "\n".join(_tables(w, rotary))
        w.scope = scope
    cos, sin = w.shared[key].split("\n")
    return cos, sin


def _tables(w: Writer, rotary: Rotary) -> tuple[str, str]:
    frequencies, factor = rotary.frequencies(w.step.rows)
    # Angles are taken in float32: a position beyond 2,048 has no exact fp16.
    positions = w.op("Cast", w.op("Unsqueeze", "position_ids", w.ints(1, 3)), to=1)
    angles = w.op("Mul", positions, w.constant(frequencies.astype(np.float32)))
    found = []
    for function in ("Cos", "Sin"):
        half = w.op(
            function, angles
        )  # of both halves: exporters join the angles first and take twice as many
        if factor != 1.0:
            half = w.op("Mul", half, w.constant(np.array(factor, np.float32)))
        if w.float != "float32":
            half = w.op("Cast", half, to=10)
        if rotary.interleaved:
            pair = w.op("Unsqueeze", half, w.ints(-1))
            pair = w.op("Concat", pair, pair, axis=-1)
            found.append(w.op("Reshape", pair, w.ints(w.step.batch, 1, w.step.tokens, rotary.dim)))
        else:
            found.append(w.op("Concat", half, half, axis=-1))
    return found[0], found[1]


def turned(w: Writer, x: str, rotary: Rotary, head_dim: int) -> str:
    """Heads x [batch, heads, tokens, head_dim] with their first `dim` channels turned, as exporters write it."""
    cos, sin = tables(w, rotary)
    rest = ""
    if rotary.dim < head_dim:
        rest = w.op("Slice", x, w.ints(rotary.dim), w.ints(head_dim), w.ints(-1))
        x = w.op("Slice", x, w.ints(0), w.ints(rotary.dim), w.ints(-1))
    half = rotary.dim // 2
    if rotary.interleaved:
        first = w.op("Slice", x, w.ints(0), w.ints(rotary.dim), w.ints(-1), w.ints(2))
        second = w.op("Slice", x, w.ints(1), w.ints(rotary.dim), w.ints(-1), w.ints(2))
        pairs = [w.op("Unsqueeze", part, w.ints(-1)) for part in (w.op("Neg", second), first)]
        halves = w.op("Reshape", w.op("Concat", *pairs, axis=-1), w.ints(0, 0, 0, rotary.dim))
    else:
        first = w.op("Slice", x, w.ints(0), w.ints(half), w.ints(-1))
        second = w.op("Slice", x, w.ints(half), w.ints(rotary.dim), w.ints(-1))
        halves = w.op("Concat", w.op("Neg", second), first, axis=-1)
    y = w.op("Add", w.op("Mul", x, cos), w.op("Mul", halves, sin))
    return w.op("Concat", y, rest, axis=-1) if rest else y
