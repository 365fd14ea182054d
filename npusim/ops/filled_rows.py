"""Poolings along an axis whose length no factor of a pooling divides: a row more where they need one."""

from __future__ import annotations

from npusim.graph import Value
from npusim.ops.counting import copy, ddr_round_trip
from npusim.ops.slicing import MAX_STRIDE
from npusim.work import MacOp, MacWork, MoveWork, Work


def rows_filled_up(length: int) -> list[int]:
    """The lengths at which a chain of exact factors gets a row more: none of 2 to 8 divides what is left, above 11.

    1,021 + 1 is 7 x 2 x 73, 73 + 1 is 2 x 37, 37 + 1 is 2 x 19, 19 + 1 is 5 x 4: four, as in Intel's schedules
    (`concat_bottom`; of maxima of 257, 1,020 and 1,022 numbers two, one and three, as here)."""
    found = list[int]()
    while length > 11:
        factor = next((n for n in range(MAX_STRIDE, 1, -1) if length % n == 0), 0)
        if not factor:
            found.append(length)
        length = length // factor if factor else length + 1
    return found


def filled_up(source: Value, length: int, rows: int, chain: tuple[MacWork, ...]) -> tuple[Work, ...]:
    """A chain over an innermost axis with what fills up its rows: a longer copy of the tensor in DDR, which lies
    channels last behind one move more, and, of maxima, round trips through DDR of what is pooled once (a mean's taps
    of zero need no rows)."""
    size, at = source.dtype.npu_bytes, rows_filled_up(length)
    again = [n for n in at if n < length] if chain[0].op == MacOp.MAX_POOL else []
    trips = [move for n in again for move in ddr_round_trip(rows * n * size)]
    longer = (MoveWork(source.npu_bytes, "ddr", "ddr"), copy(source.npu_bytes)) if length in at else ()
    return (*longer, chain[0], *trips, *chain[1:])
