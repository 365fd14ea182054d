"""Places of numbers in a sorted list: how many of its entries are smaller."""

from __future__ import annotations

from npusim.loading.ir.case import Case
from npusim.loading.ir.table import translates


def smaller(c: Case, values: str, entries: str, or_equal: bool) -> None:
    """For each value the entries below it (or equal to it), counted; both have an axis for the other."""
    found = c.step("GreaterOrEqual" if or_equal else "Greater", [values, entries])
    c.as_type(c.step("ReduceSum", [c.cast(found, "i32"), c.constant([-1])], keepdims=0), "i32")


@translates("Bucketize")
def bucketize(c: Case) -> None:
    entries = c.x(1) if c.type() == c.type(1) else c.cast(c.x(1), c.type())
    values = c.step("Unsqueeze", [c.x(), c.constant([-1])])
    smaller(c, values, entries, not c.flag("with_right_bound", True))


@translates("SearchSorted")
def search_sorted(c: Case) -> None:
    entries = c.x() if c.rank() == 1 else c.step("Unsqueeze", [c.x(), c.constant([-2])])
    values = c.step("Unsqueeze", [c.x(1), c.constant([-1])])
    smaller(c, values, entries, c.flag("right_mode"))
