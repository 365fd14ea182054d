"""Convolutions of rows of channels that a LayerNormalization made begin a group where they do not fit, or hardly."""

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from tests.graphs import loaded, model, node, weights

HALF = 10  # float16


def widened(channels: int, size: int, wide: int):
    """[1,C,S,S] -> 1x1 -> LayerNorm of its pixels -> 1x1 to `wide` channels -> depthwise 3x3, as in Restormer."""
    nodes = [
        node("Conv", "x w0", "a", kernel_shape=[1, 1]),
        node("Transpose", "a", "t", perm=[0, 2, 3, 1]),
        node("Reshape", "t rows", "r"),
        node("LayerNormalization", "r scale bias", "n", axis=-1),
        node("Reshape", "n plane", "p"),
        node("Transpose", "p", "i", perm=[0, 3, 1, 2]),
        node("Conv", "i w1", "c", kernel_shape=[1, 1]),
        node("Conv", "c w2", "y", kernel_shape=[3, 3], pads=[1] * 4, group=wide),
    ]
    constants = {
        "w0": weights(channels, channels, 1, 1), "w1": weights(wide, channels, 1, 1), "w2": weights(wide, 1, 3, 3),
        "scale": np.ones(channels), "bias": np.zeros(channels),
        "rows": np.array([1, size * size, channels]), "plane": np.array([1, size, size, channels]),
    }  # fmt: skip
    constants = {n: a.astype(np.float16) if a.dtype != np.int64 else a for n, a in constants.items()}
    return loaded(model(nodes, {"x": [1, channels, size, size]}, ["y"], constants, dtype=HALF))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize(
    ("name", "channels", "size", "wide", "strips"),
    [
        ("meteor_lake", 48, 96, 144, (2, 3)),
        ("panther_lake", 48, 96, 144, (2, 3)),
        ("meteor_lake", 32, 128, 96, (3, 4)),
        ("panther_lake", 32, 128, 96, (3, 3)),
        ("lunar_lake", 48, 96, 256, (3, 4)),
        ("lunar_lake", 48, 96, 144, ()),  # the 1x1 fits: the depthwise window is cut alone
        ("meteor_lake", 64, 64, 336, ()),
        ("panther_lake", 64, 64, 336, ()),
    ],
)
def test_strips_are_near_those_of_intels_schedules(profile, name, channels, size, wide, strips):
    """Strips here and at most there (Conv_6 and Conv_7, Conv_31 and Conv_32 of Restormer's layers)."""
    plan = compile_graph(widened(channels, size, wide), load_hardware(name), load_profile(profile))
    groups = [s for s in plan.steps if s.node.name in ("c", "y") and "cut together" in s.reason]
    assert [s.node.name for s in groups] == (["c", "y"] if strips else [])
    assert all(strips[0] <= s.pieces <= strips[1] for s in groups)
