"""The two constants that only whole networks show: the least time of a compute step, and the host's part.

Both only price a plan, so every network is compiled once. They are fitted to the published Meteor Lake rows of
ResNet-50, MobileNet-v2 and BERT-base (Core Ultra 7 155H), and do not carry over to other generations: there is
nothing published to fit them to (benchmark results; docs/fidelity.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.arch.sources import Source
from npusim.compiler.plan import Plan
from npusim.measures import US, host_ns
from npusim.pricing import timeline

STEP, HOST = "step.minimum_ns", "host.latency_ns"
CONSTANTS = (STEP, HOST)  # what the page on fidelity tells of them
PRODUCT = "155H"  # whose rows they are fitted to
_STARTS_US = (1.0, 3.0, 6.0, 12.0, 25.0)  # a step shorter than all work has no slope to follow


@dataclass(frozen=True, slots=True)
class NetworkPoint:
    """A published figure: the compiled network, microseconds, and whether the host's part is in it."""

    model: str
    plan: Plan
    published_us: float
    synchronous: bool


def predict_us(points: Sequence[NetworkPoint], hw: Hardware) -> np.ndarray:
    """Predicted microseconds of each point; array [points]."""
    device: dict[int, float] = {}
    for point in points:
        if id(point.plan) not in device:
            device[id(point.plan)] = float(timeline(point.plan, hw).latency_ns) / 1e3
    host = [float(host_ns(p.plan.graph, hw)) * US for p in points]
    return np.array([device[id(p.plan)] + h * p.synchronous for p, h in zip(points, host, strict=True)])


def errors(points: Sequence[NetworkPoint], hw: Hardware) -> np.ndarray:
    """Relative error of each point, predicted over published minus 1."""
    return np.asarray(predict_us(points, hw) / np.array([p.published_us for p in points]) - 1)


def fit_networks(hw: Hardware, points: Sequence[NetworkPoint], origin: str = "published rows") -> Hardware:
    """`hw` with the step's and the host's time fitted to `points` (least absolute logarithmic error, smoothed)."""
    from scipy.optimize import least_squares

    published = np.array([p.published_us for p in points])

    def residuals(x: np.ndarray) -> np.ndarray:
        trial = hw.replace({STEP: float(x[0]) * 1e3, HOST: float(x[1]) * 1e3})
        return np.asarray(np.log(predict_us(points, trial) / published))

    host = max(float(hw.host.latency_ns), 1e3) / 1e3
    tried = [np.array([step, host]) for step in _STARTS_US]
    start = min(tried, key=lambda x: float(np.abs(residuals(x)).sum()))
    found = least_squares(
        residuals,
        start,
        bounds=([0, 0], [100, 5000]),
        loss="soft_l1",
        f_scale=0.02,
        x_scale=[5, 200],
        diff_step=[0.02],
    ).x
    source = Source("fitted", origin)
    return hw.replace({STEP: round(float(found[0]), 2) * 1e3, HOST: round(float(found[1])) * 1e3}, source)


def leave_one_out(hw: Hardware, points: Sequence[NetworkPoint]) -> dict[str, np.ndarray]:
    """Per model: relative errors of its points with the constants fitted to the other models only."""
    found = {}
    for model in dict.fromkeys(p.model for p in points):
        rest = [p for p in points if p.model != model]
        own = [p for p in points if p.model == model]
        found[model] = errors(own, fit_networks(hw, rest))
    return found
