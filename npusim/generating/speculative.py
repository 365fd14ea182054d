"""Speculative decoding as a what-if: a draft model proposes, the model checks several tokens in one pass.

Expected tokens a round with k proposed, each right with probability a: (1 - a^(k+1)) / (1 - a), the corrected or next
token included (Leviathan, Kalman, Matias: Fast Inference from Transformers via Speculative Decoding, 2023, eq. 1)."""

from __future__ import annotations

from npusim.errors import BadArgument
from npusim.generating.record import Speculation

MOST_AHEAD = 64


def check(accept: float, ahead: int) -> None:
    """Raises BadArgument for a probability or a number of tokens that is none."""
    if not 0 <= accept <= 1:
        raise BadArgument(f"--accept {accept:g} is no probability; give 0 to 1, such as --accept 0.7")
    if not 1 <= ahead <= MOST_AHEAD:
        raise BadArgument(
            f"--ahead {ahead}: give 1 to {MOST_AHEAD} tokens a draft proposes, such as --ahead 4"
        )


def tokens_a_round(accept: float, ahead: int) -> float:
    """Expected tokens that a round of `ahead` proposed ones yields: 1 where none is right, ahead + 1 where all are."""
    return float(sum(accept**k for k in range(ahead + 1)))


def speculation(
    draft: str, accept: float, ahead: int, draft_us: float, check_us: float, token_us: float, batch: int = 1
) -> Speculation:
    """The what-if: `ahead` steps of the draft and one checking pass a round, in turns on one NPU."""
    expected = tokens_a_round(accept, ahead)
    round_us = ahead * draft_us + check_us
    return Speculation(
        draft=draft,
        ahead=ahead,
        accept=accept,
        draft_us=draft_us,
        check_us=check_us,
        tokens_a_round=expected,
        tokens_per_s=batch * 1e6 * expected / round_us,
        speedup=token_us * expected / round_us,
    )
