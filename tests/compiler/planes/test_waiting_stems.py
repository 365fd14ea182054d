"""Images of a batch that wait behind a folded stem until their turn comes."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import Plan
from npusim.compiler.planes.waiting_stems import waiting_images
from npusim.compiler.rules.profile import load_profile
from npusim.measures import ddr_bytes
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv_relu


def test_images_that_find_room_do_not_leave() -> None:
    assert waiting_images(4, 1.0, 0.5, [2.0, 3.0], 8.0) == (0, 0)


def test_images_that_make_way_are_written_once_and_read_for_each_room_there_is() -> None:
    """By hand: three of four fit behind the stem, so the last leaves; beside the first image's step of 3 of 4 one
    fits (the third leaves), beside its step of 1 three, so both come back. The second image's large step sends one away
    and its small one brings it back, the third's leaves room for the fourth."""
    assert waiting_images(4, 1.0, 0.5, [3.0, 1.0], 4.0) == (2, 3)


def test_images_are_read_when_their_turn_comes_where_nothing_fits_beside_a_step() -> None:
    """By hand: one of three stays behind the stem and goes on at once; the others are written and read once each."""
    assert waiting_images(3, 2.0, 1.0, [3.0, 3.5], 4.0) == (2, 2)


@pytest.mark.parametrize("images", range(2, 40))
def test_more_images_never_move_less(images: int) -> None:
    less, more = (waiting_images(n, 0.4, 0.2, [0.8, 1.4, 0.4], 1.9) for n in (images, images + 1))
    assert all(a <= b for a, b in zip(less, more, strict=True))
    assert more[0] - less[0] <= 1


def _plan(batch: int, side: int, profile: str) -> Plan:
    g = Builder(weights=False)
    x = conv_relu(g, g.input(batch, 3, side, side), 3, 32, 3, 2)
    x = conv_relu(g, x, 32, 32, 3, 1, 32)
    x = conv_relu(g, conv_relu(g, x, 32, 64, 1), 64, 64, 3, 2, 64)
    return compile_graph(of_model(g.model(x), ""), load_hardware("meteor_lake"), load_profile(profile))


def _crossing(plan: Plan) -> float:
    return sum(ddr_bytes(t, n) for t, n in zip(plan.ask, plan.repeats, strict=True))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_a_folded_stem_hands_images_on_through_ddr(profile: str) -> None:
    """A stem at 224 pixels of 8 images makes 0.8 MB of each, of which 3.9 MB of scratchpads hold few; one at 96 is not
    folded, and each image goes on at once."""
    for side, waits in ((224, True), (96, False)):
        once, twice = (_crossing(_plan(n, side, profile)) for n in (4, 8))
        assert (twice > 2.05 * once) == waits
        assert twice < 3.0 * once
