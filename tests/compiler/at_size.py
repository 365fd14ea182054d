"""One-op graphs at any size, without a file and without the weights' numbers."""

from npusim.graph import DType, Graph, Node, Value

HALF = DType.FLOAT16


def one_op(op_type, inputs, out, constants=None, attributes=None):
    """A graph of one node. `inputs`, `constants`: name -> shape, in the op's order; `out`: shape of its result."""
    constants = constants or {}
    values = {n: Value(n, tuple(s), HALF) for n, s in inputs.items()}
    values |= {n: Value(n, tuple(s), HALF, constant=True) for n, s in constants.items()}
    values["y"] = Value("y", tuple(out), HALF)
    node = Node("y", op_type, (*inputs, *constants), ("y",), attributes or {})
    return Graph("one", (node,), values, tuple(inputs), ("y",), opset=20)


def product(m, k, n):
    return one_op("MatMul", {"x": (1, m, k)}, (1, m, n), {"w": (k, n)})


def batched(b, m, k, n):
    return one_op("MatMul", {"x": (1, b, m, k), "z": (1, b, k, n)}, (1, b, m, n))


def convolution(ci, co, kernel, stride, size, groups=1):
    pad = kernel // 2
    out = (size + 2 * pad - kernel) // stride + 1
    attributes = {
        "kernel_shape": (kernel, kernel),
        "strides": (stride, stride),
        "pads": (pad,) * 4,
        "group": groups,
    }
    return one_op(
        "Conv",
        {"x": (1, ci, size, size)},
        (1, co, out, out),
        {"w": (co, ci // groups, kernel, kernel)},
        attributes,
    )


def unary(op_type, *shape, **attributes):
    return one_op(op_type, {"x": shape}, shape, attributes=attributes)


def reduction(op_type, shape, *axes, keepdims=1):
    """A reduction over `axes`, given as an attribute."""
    kept = [1 if a in axes else n for a, n in enumerate(shape)]
    out = kept if keepdims else [n for a, n in enumerate(shape) if a not in axes]
    return one_op(op_type, {"x": shape}, out, attributes={"axes": axes, "keepdims": keepdims})


def norm(rows, width):
    return one_op(
        "LayerNormalization",
        {"x": (1, rows, width)},
        (1, rows, width),
        {"s": (width,), "b": (width,)},
        {"axis": -1},
    )


def attention(heads, queries, keys, size):
    q, k = (1, heads, queries, size), (1, heads, keys, size)
    return one_op("Attention", {"q": q, "k": k, "v": k}, q)


def attention_in_ops(heads, queries, keys, size):
    """Product, softmax, product."""
    shapes = {
        "q": (1, heads, queries, size), "k": (1, heads, size, keys), "s": (1, heads, queries, keys),
        "p": (1, heads, queries, keys), "v": (1, heads, keys, size), "y": (1, heads, queries, size),
    }  # fmt: skip
    values = {n: Value(n, s, HALF) for n, s in shapes.items()}
    nodes = (
        Node("first", "MatMul", ("q", "k"), ("s",)),
        Node("softmax", "Softmax", ("s",), ("p",), {"axis": -1}),
        Node("second", "MatMul", ("p", "v"), ("y",)),
    )
    return Graph("attention", nodes, values, ("q", "k", "v"), ("y",), opset=20)
