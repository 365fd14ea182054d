"""MACs against loops that count one by one, on small shapes."""

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.ops import macs
from tests.ops.cases import ask, constant, graph_of, tensor, weight

SMALL = st.integers(1, 4)


def total_macs(lowering) -> float:
    return sum(step.macs for step in lowering.steps)


def conv_by_hand(size, kernel, stride, dilation, pad, out):
    """(all taps, taps inside) along one axis, counted."""
    every = inside = 0
    for position in range(out):
        for tap in range(kernel):
            every += 1
            inside += 0 <= position * stride - pad + tap * dilation < size
    return every, inside


@given(
    batch=st.integers(1, 2),
    group=st.integers(1, 3),
    in_c=SMALL,
    out_c=SMALL,
    axes=st.lists(
        st.tuples(
            st.integers(4, 9), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2)
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_a_convolution_has_the_macs_and_the_taps_that_loops_count(batch, group, in_c, out_c, axes) -> None:
    sizes, kernels, strides, dilations, begins = zip(*axes, strict=True)
    outs = [(s + 2 * p - (k - 1) * d - 1) // t + 1 for s, k, t, d, p in axes]
    if min(outs) < 1:
        return
    counted = [conv_by_hand(*axis, out) for axis, out in zip(axes, outs, strict=True)]
    expected = batch * group * out_c * in_c * prod(every for every, _ in counted)
    inside = prod(found for _, found in counted) / prod(every for every, _ in counted)
    lowering = ask(
        "Conv",
        [tensor(batch, group * in_c, *sizes), weight(group * out_c, in_c, *kernels)],
        [tensor(batch, group * out_c, *outs)],
        group=group,
        strides=strides,
        dilations=dilations,
        pads=(*begins, *begins),
    )["mac_array"]
    assert total_macs(lowering) == expected
    assert lowering.steps[0].taps_inside == pytest.approx(inside)


@pytest.mark.parametrize("mode,begin", [("SAME_UPPER", 0), ("SAME_LOWER", 1), ("VALID", 0)])
def test_auto_pad_puts_the_odd_pixel_where_its_name_says(mode, begin) -> None:
    # 6 pixels, window 2: SAME has 6 outputs and one tap outside, VALID 5 outputs and none.
    outs = 5 if mode == "VALID" else 6
    work = ask("Conv", [tensor(1, 1, 6), weight(1, 1, 2)], [tensor(1, 1, outs)], auto_pad=mode)[
        "mac_array"
    ].steps[0]
    every, inside = conv_by_hand(6, 2, 1, 1, begin, outs)
    assert work.taps_inside == pytest.approx(inside / every)


def test_a_transposed_convolution_counts_every_tap_of_every_output_pixel() -> None:
    lowering = ask(
        "ConvTranspose",
        [tensor(2, 6, 5, 7), weight(6, 4, 2, 3)],
        [tensor(2, 8, 10, 21)],
        strides=(2, 3),
        group=2,
    )["mac_array"]
    assert total_macs(lowering) == 2 * (10 * 21) * (2 * 3) * 6 * 4


@given(
    batch=st.lists(st.sampled_from([(1, 1), (3, 3), (1, 2), (2, 1)]), max_size=2), m=SMALL, k=SMALL, n=SMALL
)
def test_a_matrix_product_has_the_macs_that_numpy_broadcasting_does(batch, m, k, n) -> None:
    left, right = (*(a for a, _ in batch), m, k), (*(b for _, b in batch), k, n)
    out = np.matmul(np.zeros(left), np.zeros(right)).shape
    lowering = ask("MatMul", [tensor(*left), tensor(*right)], [tensor(*out)])["mac_array"]
    assert total_macs(lowering) == prod(out) * k


@pytest.mark.parametrize("left,right,out", [((5,), (5, 3), (3,)), ((2, 5), (5,), (2,)), ((5,), (5,), ())])
def test_vectors_multiply_as_numpy_says(left, right, out) -> None:
    lowering = ask("MatMul", [tensor(*left), tensor(*right)], [tensor(*out)])["mac_array"]
    assert total_macs(lowering) == prod(out) * 5


EQUATIONS = [
    "bclhn,bcshn->bclsh", "bclsh,bcshp->bclhp", "bclhn,bclhp->bchpn", "bzch,bzhpn->bchpn", "ij,jk",
    "...ij,...jk->...ik", "bij,jk->bik", "i,j->ij", "bhi,bhi->bh", "ij,jk,kl->il",
]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS)
@given(sizes=st.lists(st.integers(1, 3), min_size=12, max_size=12))
def test_an_einsum_has_the_macs_that_loops_over_its_letters_count(equation, sizes) -> None:
    terms = equation.split("->")[0].split(",")
    extents = dict(zip("bclhnpszijk.", sizes, strict=True)) | {"l": sizes[0]}
    shapes = [tuple(extents[x] for x in t.replace("...", ".")) for t in terms]
    out = np.einsum(equation, *[np.zeros(shape) for shape in shapes])
    ways = ask("Einsum", [tensor(*s) for s in shapes], [tensor(*out.shape)], equation=equation)
    if equation == "i,j->ij":
        assert ways["dsp"].steps[0].elements == out.size
        assert total_macs(ways["mac_array"]) == 0  # no letter disappears: an elementwise product
        return
    expected, left = 0, terms[0]
    for index, right in enumerate(terms[1:], start=1):
        letters = list(dict.fromkeys((left + right).replace("...", ".")))
        expected += sum(1 for _ in product(*(range(extents[x]) for x in letters)))
        later = "".join(terms[index + 1 :]) + equation.partition("->")[2]
        left = "".join(x for x in letters if x in later)
    assert total_macs(ways["mac_array"]) == expected


@given(b=SMALL, heads=SMALL, sharing=SMALL, s=SMALL, past=st.integers(0, 3), size=SMALL)
def test_attention_has_the_macs_of_its_two_products(b, heads, sharing, s, past, size) -> None:
    q, kv = tensor(b, heads * sharing, s, size), tensor(b, heads, s, size)
    cache = tensor(b, heads, past, size) if past else None
    lowering = ask("Attention", [q, kv, kv, None, cache, cache], [q])["decomposed"]
    products = [step for step in lowering.steps if hasattr(step, "macs")]
    assert sum(step.macs for step in products) == 2 * b * heads * sharing * s * (s + past) * size


@given(t=SMALL, b=SMALL, i=SMALL, h=SMALL, directions=st.integers(1, 2))
def test_a_recurrent_layer_has_the_macs_of_its_cells(t, b, i, h, directions) -> None:
    inputs = [tensor(t, b, i), weight(directions, 4 * h, i), weight(directions, 4 * h, h)]
    node, graph = graph_of("LSTM", inputs, [tensor(t, directions, b, h)])
    assert macs(node, graph) == t * directions * b * 4 * h * (i + h)


def test_scales_and_all_ones_convolutions_are_no_macs_of_the_op() -> None:
    for op, inputs, out in (
        ("Mul", [tensor(1, 8, 4, 4), constant(2)], tensor(1, 8, 4, 4)),
        ("ReduceSum", [tensor(64, 128), constant(1)], tensor(64, 1)),
    ):
        node, graph = graph_of(op, inputs, [out])
        assert macs(node, graph) == 0


@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_lrn_counts_what_is_read_and_written_whatever_its_window(size) -> None:
    image = tensor(1, 96, 55, 55)
    (work,) = next(iter(ask("LRN", [image], [image], size=size).values())).steps
    assert work.elements == 2 * 96 * 55 * 55
