"""Where the classes of a grid meet, and where to write their names."""

from __future__ import annotations

import numpy as np

SMALLEST = 0.04  # share of the grid a class needs to be named


def borders(classes: np.ndarray) -> list[tuple[list[float], list[float]]]:
    """Lines (xs, ys) between cells [y, x] of different classes; cell (y, x) reaches half a step around x and y.

    Straight runs are one line."""
    lines = [
        ([x + 0.5, x + 0.5], [first - 0.5, last + 0.5])
        for x in range(classes.shape[1] - 1)
        for first, last in _runs(classes[:, x] != classes[:, x + 1])
    ]
    lines += [
        ([first - 0.5, last + 0.5], [y + 0.5, y + 0.5])
        for y in range(classes.shape[0] - 1)
        for first, last in _runs(classes[y] != classes[y + 1])
    ]
    return lines


def places(classes: np.ndarray) -> list[tuple[int, int, int]]:
    """(class, x, y) of a cell deep inside each connected region that is large enough to be named: of the cells farthest
    from its border the one nearest to their middle."""
    from scipy import ndimage

    found = []
    for which in np.unique(classes):
        parts, count = ndimage.label(classes == which)
        for k in range(1, count + 1):
            inside = parts == k
            if inside.sum() >= SMALLEST * classes.size:
                depth = ndimage.distance_transform_cdt(np.pad(inside, 1), "taxicab")[1:-1, 1:-1]
                deepest = np.argwhere(depth == depth.max())
                y, x = deepest[np.abs(deepest - deepest.mean(axis=0)).sum(axis=1).argmin()]
                found.append((int(which), int(x), int(y)))
    return found


def _runs(changes: np.ndarray) -> list[tuple[int, int]]:
    """(first, last) index of every run of True."""
    edges = np.diff(np.r_[0, changes.astype(int), 0])
    return list(
        zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True)
    )
