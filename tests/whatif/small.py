"""Small graphs for the laws of what-ifs: convolutions and products of random sizes."""

from itertools import pairwise

from hypothesis import strategies as st

from npusim.graph import DType, Graph, Node, Value

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")


def not_slower(fast_us, slow_us):
    """Whether `fast_us` is at most `slow_us`, up to rounding."""
    return fast_us <= slow_us * (1 + 1e-12)


def chain(rows, *widths, dtype=DType.FLOAT):
    """A chain of matrix products: [rows, widths[0]] by weights of widths[k] x widths[k+1]; nodes are m0, m1, ..."""
    values = {"x": Value("x", (rows, widths[0]), dtype)}
    nodes = []
    last = "x"
    for k, (inner, outer) in enumerate(pairwise(widths)):
        out, held = f"y{k}", f"w{k}"
        values[held] = Value(held, (inner, outer), dtype, constant=True)
        values[out] = Value(out, (rows, outer), dtype)
        nodes.append(Node(f"m{k}", "MatMul", (last, held), (out,)))
        last = out
    return Graph("chain", tuple(nodes), values, ("x",), (last,), opset=20)


def chains():
    """Chains of one to three products."""
    width = st.integers(1, 64).map(lambda n: 16 * n)
    return st.builds(
        lambda rows, widths: chain(rows, *widths),
        st.integers(1, 300),
        st.lists(width, min_size=2, max_size=4),
    )
