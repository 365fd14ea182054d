"""Published networks by product: mean and worst error, and whether the bars are met."""

from __future__ import annotations

from typing import NamedTuple

from npusim.validate import bars
from npusim.validate.record import NetworkRow


class ProductSummary(NamedTuple):
    """Errors of the judged rows of one product, percent. `bar`: of the mean, None when it is only reported."""

    product: str
    generation: str
    rows: int
    mape: float
    worst: float
    bar: float | None
    worst_bar: float | None

    @property
    def verdict(self) -> str:
        if self.bar is None or self.worst_bar is None:
            return ""
        return "met" if self.mape <= self.bar and self.worst <= self.worst_bar else "missed"


def by_product(networks: tuple[NetworkRow, ...]) -> list[ProductSummary]:
    """One summary a product with judged rows, in the order of the table. Only the 155H has bars."""
    found = []
    for product in dict.fromkeys(row.product for row in networks if row.judged):
        rows = [row for row in networks if row.judged and row.product == product]
        errors = [abs(row.error) for row in rows]
        barred = "155H" in product
        found.append(
            ProductSummary(
                product,
                rows[0].generation,
                len(rows),
                sum(errors) / len(errors),
                max(errors),
                bars.NETWORKS if barred else None,
                bars.NETWORKS_WORST if barred else None,
            )
        )
    return found
