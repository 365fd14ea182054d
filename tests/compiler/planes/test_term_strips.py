"""Laws of a convolution that is cut over its terms together with the pass that turns its image."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from npusim.compiler.cutting.asked import TERM_STEP
from npusim.compiler.cutting.strips import Machine, Member
from npusim.compiler.planes.term_strips import MOST_SUMS, over_terms

MB = 1_000_000.0
RESULT = 32 * 32 * 64 * 2.0


def members(channels: int, height: int, width: int, window: int = 3) -> tuple[list[Member], dict[str, float]]:
    """A turn of an image and a convolution to 64 channels on a plane of 32 x 32."""
    image = float(channels * height * width * 2)
    turn = Member(
        ("x",), "x/turned", height, width, (1, 1), (1.0, 1.0), image, 2 * image, 0.0, False, False, False,
        turn=True, channels=channels,
    )  # fmt: skip
    strides = (height / 32, width / 32)
    reader = Member(
        ("x/turned",), "y", 32, 32, (window, window), strides, 4 * image, image + RESULT,
        window * window * channels * 64 * 2.0, False, True, False, sixteens=4,
    )  # fmt: skip
    return [turn, reader], {"x": image, "x/turned": image, "y": RESULT}


def machine(room: float, tiles: int = 4) -> Machine:
    return Machine(tiles, 2 * tiles, room, True, False, False, False, turns=True, resident=room)


IMAGES = st.tuples(
    st.integers(2, 64).map(lambda n: n * TERM_STEP), st.integers(32, 256), st.integers(32, 256)
)
ROOMS = st.floats(0.3, 12.0).map(lambda n: n * MB)


@given(IMAGES, ROOMS)
def test_a_cut_takes_blocks_of_terms_that_fit_and_reads_the_image_once_but_for_overlaps(
    image: tuple[int, int, int], room: float
) -> None:
    own, sizes = members(*image)
    cost, cut = over_terms(own, sizes, machine(room))
    assert (cut is None) == (cost == inf)
    if cut is None:
        return
    (name, again), channels = cut.arriving[0], image[0]
    assert name == "x" and again >= 1.0 and cut.again == (again, 1.0)
    assert 2 <= cut.terms <= channels // TERM_STEP and min(cut.rows, cut.columns) == 1
    pieces = cut.rows * cut.columns * cut.terms
    assert cut.pieces == pieces and 2 * own[0].need / pieces <= room - 2 * RESULT
    assert cost >= sizes["x"] + RESULT  # what must cross
    assert again == 1.0 or cut.rows * cut.columns > 1  # blocks of terms do not overlap


@given(IMAGES, ROOMS)
def test_more_room_never_costs_more(image: tuple[int, int, int], room: float) -> None:
    own, sizes = members(*image)
    cost, _ = over_terms(own, sizes, machine(room))
    assert over_terms(own, sizes, machine(1.01 * room))[0] <= cost


@given(IMAGES, ROOMS)
def test_twice_the_channels_cost_at_most_about_twice(image: tuple[int, int, int], room: float) -> None:
    """In blocks that do not overlap: twice as many of them where one kind of block serves both."""
    channels, height, width = image
    cost, cut = over_terms(*members(*image), machine(room))
    twice, doubled = over_terms(*members(2 * channels, height, width), machine(room))
    if cut is not None and doubled is not None:
        assert cost <= twice <= 2.3 * cost


def test_what_is_not_a_turn_and_its_convolution_is_not_cut_so() -> None:
    (turn, reader), sizes = members(1024, 64, 64)
    room = machine(4 * MB)
    assert over_terms([turn, reader], sizes, room)[1] is not None
    others = (
        [turn],
        [turn, reader, reader],
        [turn._replace(turn=False), reader],
        [turn, reader._replace(channels=64)],
        [turn, reader._replace(on_plane=False)],
        [turn, reader._replace(kernel=True)],
        [turn, reader._replace(image=True)],
        [turn, reader._replace(reads=("x/turned", "z"))],
        [turn._replace(channels=TERM_STEP), reader],
    )
    assert all(over_terms(list(one), sizes, room) == (inf, None) for one in others)
    small = machine(2 * RESULT / MOST_SUMS * 0.99)  # no room for the sums
    assert over_terms([turn, reader], sizes, small) == (inf, None)
