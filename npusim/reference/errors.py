"""What a validation says: one `GroupErrors` a group of rows, one `NetworkRow` a published figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from npusim.reference import bars

#: At most so many points of a comparison are kept for plots, evenly spaced in the order of the rows.
KEPT_POINTS = 150


@dataclass(frozen=True, slots=True)
class Statistics:
    """Relative errors of a prediction, percent. `bias` is the mean of the signed errors."""

    rows: int
    mape: float
    median: float
    p90: float
    bias: float


@dataclass(frozen=True, slots=True)
class GroupErrors:
    """Predictions against the rows of one group of a table.

    `unseen`: the half of the rows (by hash of the workload) no constant was fitted to; None where nothing
    was fitted to such rows at all, then `all` is unseen. `bar`: percent, what the judged MAPE has to stay
    under; None is reported, not barred. `covered`: share of the judged rows inside the band of a single op, 0..1.
    `points`: some (reference, predicted) pairs in `unit`.
    """

    engine: str
    what: str
    against: str
    generation: str
    hardware: str
    table: str
    unit: str
    all: Statistics
    roofline: Statistics
    unseen: Statistics | None = None
    bar: float | None = None
    note: str = ""
    points: tuple[tuple[float, float], ...] = ()
    covered: float | None = None

    @property
    def judged(self) -> Statistics:
        """The rows the bar is held against: those no constant was fitted to."""
        return self.all if self.unseen is None else self.unseen

    @property
    def verdict(self) -> str:
        """met, missed, or nothing without a bar or without rows to judge."""
        if self.bar is None or not self.judged.rows:
            return ""
        return "met" if self.judged.mape <= self.bar else "missed"


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One published figure of a whole network and its prediction, microseconds an inference.

    `judged` is False for rows the table itself calls anomalous, suspect or of low confidence; `why` says so.
    """

    product: str
    generation: str
    hardware: str
    model: str
    precision: str
    metric: str
    published_us: float
    predicted_us: float
    judged: bool
    why: str = ""
    band_us: tuple[float, float] | None = None

    @property
    def covered(self) -> bool | None:
        """Whether the published figure is inside the band; None without one."""
        return None if self.band_us is None else self.band_us[0] <= self.published_us <= self.band_us[1]

    @property
    def error(self) -> float:
        """Percent, positive when the prediction is slower than published."""
        return (self.predicted_us / self.published_us - 1) * 100


@dataclass(frozen=True, slots=True)
class Validation:
    """All comparisons of one reference folder, published networks, and what was left out and why. `left_out`: per
    network of the 155H, mean error in percent when step and host are fitted to the other networks."""

    reference: str
    hardware: tuple[str, ...]
    comparisons: tuple[GroupErrors, ...] = ()
    networks: tuple[NetworkRow, ...] = ()
    missing: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    left_out: tuple[tuple[str, float], ...] = ()


def statistics(predicted: Any, truth: Any) -> Statistics:
    """Of predictions [n] against reference values [n]; no rows give zeros."""
    if not len(truth):
        return Statistics(0, 0.0, 0.0, 0.0, 0.0)
    error = (np.asarray(predicted) / np.asarray(truth) - 1) * 100
    size = np.abs(error)
    return Statistics(
        len(size),
        float(size.mean()),
        float(np.median(size)),
        float(np.percentile(size, 90)),
        float(error.mean()),
    )


def compare(
    predicted: Any, roofline: Any, truth: Any, half: Any = None, reach: Any = None, **words: Any
) -> GroupErrors:
    """A comparison of arrays [n]; `half` is 1 on rows no constant was fitted to, None if none was to any. `reach`:
    logarithms [2, n or 1] from each prediction down and up to the ends of its band."""
    truth, predicted = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    unseen = None
    if half is not None:
        unseen = statistics(predicted[half == 1], truth[half == 1])
    kept = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), KEPT_POINTS)).astype(int))
    points = tuple((float(f"{truth[i]:.4g}"), float(f"{predicted[i]:.4g}")) for i in kept)
    return GroupErrors(
        all=statistics(predicted, truth),
        roofline=statistics(roofline, truth),
        unseen=unseen,
        points=points,
        covered=_covered(predicted, truth, half, reach),
        **words,
    )


def _covered(predicted: Any, truth: Any, half: Any, reach: Any) -> float | None:
    judged = np.ones(len(truth), dtype=bool) if half is None else np.asarray(half) == 1
    if reach is None or not judged.any():
        return None
    off = np.log(np.asarray(truth, dtype=float) / predicted)
    inside = (off >= -reach[0]) & (off <= reach[1])
    return float(np.mean(inside[judged]))


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
