"""What is cut together: attention, planes, rows of feed-forwards, a product with its kernel."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler import compile as stages_in_turn
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.compiler.stages.grouped import Groups, groups_of
from npusim.graph import Graph
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv_relu, gelu, linear


def image_and_rows(size: int, rows: int) -> Graph:
    """Convolutions of an image that does not fit, and a feed-forward of so many rows beside them."""
    g = Builder(weights=False)
    image = conv_relu(g, g.input(1, 32, size, size), 32, 32)
    image = conv_relu(g, conv_relu(g, image, 32, 32), 32, 32)
    first = linear(g, g.input(1, rows, 96), 96, 96)
    return of_model(g.model(image, linear(g, gelu(g, linear(g, first, 96, 384)), 384, 96)), "")


def scored_pixels(size: int, scores: int, made: int) -> Graph:
    """A window, so many scores of each pixel, their softmax, and a convolution of them to what they stand for (the end
    of a network that colours images: 313 scores of colours of two channels)."""
    g = Builder(weights=False)
    image = conv_relu(g, g.input(1, 256, size, size), 256, 256)
    scored = g.op("Conv", image, g.weight(scores, 256, 1, 1), g.weight(scores))
    return of_model(g.model(g.op("Conv", g.op("Softmax", scored, axis=1), g.weight(made, scores, 1, 1))), "")


KINDS = {
    "image and rows": lambda: image_and_rows(320, 6144),
    "scores of 313 colours": lambda: scored_pixels(64, 313, 2),
    "scores of whole sixteens": lambda: scored_pixels(64, 320, 16),
    "many pixels": lambda: scored_pixels(128, 64, 3),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("hardware", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_no_step_is_cut_with_two_groups(
    profile: str, hardware: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Groups] = []

    def kept_groups(*asked) -> Groups:
        seen.append(groups_of(*asked))
        return seen[-1]

    monkeypatch.setattr(stages_in_turn, "groups_of", kept_groups)
    compile_graph(KINDS[kind](), load_hardware(hardware), load_profile(profile))
    (groups,) = seen
    sizes = [*groups.chains.items(), *((k, n) for k, (n, _) in groups.planes.items())]
    cut = [k + i for k, n in sizes for i in range(n)]
    assert len(cut) == len(set(cut))
    assert len(cut) > 2 or kind != "image and rows"  # the others fit in the scratchpads of some
    assert set(groups.pairs).isdisjoint(cut)
