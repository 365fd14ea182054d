"""Hypothesis strategies for works on the MAC array."""

from hypothesis import settings
from hypothesis import strategies as st

from npusim.work import MacOp, MacWork

LAW = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def mac_works(draw):
    op = draw(st.sampled_from(list(MacOp)))
    kernel = 1 if op == MacOp.ELTWISE else draw(st.sampled_from([1, 2, 3, 5, 7]))
    channels = draw(st.integers(1, 600))
    width = draw(st.sampled_from([1.0, 2.0]))
    return MacWork(
        op=int(op),
        out_h=draw(st.integers(1, 120)),
        out_w=draw(st.integers(1, 120)),
        out_c=channels,
        in_c=draw(st.integers(1, 2000)) if op == MacOp.CONVOLUTION else channels,
        kernel_h=kernel,
        kernel_w=kernel,
        stride_h=draw(st.sampled_from([1, 2])),
        stride_w=draw(st.sampled_from([1, 2])),
        taps_inside=draw(st.sampled_from([1.0, 0.9, 0.5])),
        groups=draw(st.integers(1, 20)),
        input_bytes=width,
        weight_bytes=draw(st.sampled_from([width, 0.5])),
        output_bytes=width,
        write_tiles=draw(st.sampled_from([1, 2])),
    )
