"""The chunked scan of Mamba-2 in ONNX's text form, as transformers 5 exports it."""

from __future__ import annotations

import onnx
import onnx_ir as ir

from xamba.passes.text import model_text


def mamba2_scan(
    rows: int,
    chunk: int,
    heads: int = 3,
    batch: int | str = "N",
    state: int = 5,
    width: int = 4,
    final_state: bool = False,
    fill: float = 0.0,
) -> ir.Model:
    """x [batch, rows, heads, width], a [batch, rows, heads], b and c [batch, rows, 1, state] -> y like x.

    Rows are padded with `fill` to a multiple of `chunk`. final_state: the state after the last row is an output too.
    """
    count = -(-rows // chunk)
    more, total, near = count * chunk - rows, count * chunk, count + 1
    body = f"""
    nothing = Constant<value = float {{0.0}}>()
    fill = Constant<value = float {{{fill}}}>()
    low = Constant<value = float {{-inf}}>()
    minus1 = Constant<value = int64 {{-1}}>() minus2 = Constant<value = int64 {{-2}}>()
    k1 = Constant<value = int64[1] {{1}}>() k2 = Constant<value = int64[1] {{2}}>()
    k3 = Constant<value = int64[1] {{3}}>() k4 = Constant<value = int64[1] {{4}}>()
    k0 = Constant<value = int64[1] {{0}}>() last = Constant<value = int64[1] {{-1}}>()
    far = Constant<value = int64[1] {{9223372036854775807}}>()
    times = Constant<value = int64[4] {{1, 1, {heads}, 1}}>()
    pads4 = Constant<value = int64[8] {{0, 0, 0, 0, 0, {more}, 0, 0}}>()
    pads3 = Constant<value = int64[6] {{0, 0, 0, 0, {more}, 0}}>()
    b1 = Tile(b, times) c1 = Tile(c, times)
    xp = Pad(x, pads4, fill) bp = Pad(b1, pads4, nothing) cp = Pad(c1, pads4, nothing) ap = Pad(a, pads3, nothing)
    s_x = Constant<value = int64[5] {{0, {count}, {chunk}, {heads}, {width}}}>()
    s_b = Constant<value = int64[5] {{0, {count}, {chunk}, {heads}, {state}}}>()
    s_a = Constant<value = int64[4] {{0, {count}, {chunk}, {heads}}}>()
    xc = Reshape(xp, s_x) bc = Reshape(bp, s_b) cc = Reshape(cp, s_b) ac = Reshape(ap, s_a)
    at = Transpose<perm = [0, 3, 1, 2]>(ac)
    run = CumSum(at, minus1)
    au = Unsqueeze(at, k4)
    square = Constant<value = int64[5] {{1, 1, 1, 1, {chunk}}}>()
    wide = Expand(au, square)
    size = Constant<value = int64[2] {{{chunk}, {chunk}}}>()
    ones = ConstantOfShape<value = bool[1] {{1}}>(size)
    strict = Trilu<upper = 0>(ones, minus1) above = Not(strict)
    lower = Trilu<upper = 0>(ones) over = Not(lower)
    masked = Where(above, nothing, wide)
    segments = CumSum(masked, minus2)
    held = Where(over, low, segments)
    decay = Exp(held)
    g = Einsum<equation = "bclhn,bcshn->bclsh">(cc, bc)
    turned = Transpose<perm = [0, 2, 3, 4, 1]>(decay)
    m = Mul(g, turned)
    diagonal = Einsum<equation = "bclsh,bcshp->bclhp">(m, xc)
    end = Slice(run, last, far, k3)
    left = Sub(end, run)
    left_e = Exp(left)
    left_t = Transpose<perm = [0, 2, 3, 1]>(left_e)
    left_u = Unsqueeze(left_t, k4)
    bd = Mul(bc, left_u)
    states = Einsum<equation = "bclhn,bclhp->bchpn">(bd, xc)
    part = Slice(states, k0, k1, k1)
    zero_shape = Shape(part)
    first = ConstantOfShape<value = float[1] {{0.0}}>(zero_shape)
    all_states = Concat<axis = 1>(first, states)
    ends = Gather<axis = 3>(run, minus1)
    pad1 = Constant<value = int64[6] {{0, 0, 1, 0, 0, 0}}>()
    ends_p = Pad(ends, pad1)
    ends_u = Unsqueeze(ends_p, k3)
    near_shape = Constant<value = int64[4] {{1, 1, 1, {near}}}>()
    near_w = Expand(ends_u, near_shape)
    near_size = Constant<value = int64[2] {{{near}, {near}}}>()
    near_ones = ConstantOfShape<value = bool[1] {{1}}>(near_size)
    near_strict = Trilu<upper = 0>(near_ones, minus1) near_above = Not(near_strict)
    near_lower = Trilu<upper = 0>(near_ones) near_over = Not(near_lower)
    near_masked = Where(near_above, nothing, near_w)
    near_run = CumSum(near_masked, minus2)
    near_held = Where(near_over, low, near_run)
    near_decay = Exp(near_held)
    near_t = Transpose<perm = [0, 3, 2, 1]>(near_decay)
    carried = Einsum<equation = "bzch,bzhpn->bchpn">(near_t, all_states)
    before = Slice(carried, k0, last, k1)
    {"final = Slice(carried, last, far, k1)" if final_state else ""}
    from_state = Einsum<equation = "bclhn,bchpn->bclhp">(cc, before)
    run_e = Exp(run)
    run_t = Transpose<perm = [0, 2, 3, 1]>(run_e)
    run_u = Unsqueeze(run_t, k4)
    off = Mul(from_state, run_u)
    sum = Add(diagonal, off)
    s_y = Constant<value = int64[4] {{0, {total}, {heads}, {width}}}>()
    flat = Reshape(sum, s_y)
    rows = Constant<value = int64[1] {{{rows}}}>()
    y = Slice(flat, k0, rows, k1)
    """
    inputs = ", ".join(
        [
            f"float[{batch},{rows},{heads},{width}] x",
            f"float[{batch},{rows},{heads}] a",
            f"float[{batch},{rows},1,{state}] b",
            f"float[{batch},{rows},1,{state}] c",
        ]
    )
    outputs = f"float[{batch},{rows},{heads},{width}] y"
    if final_state:
        outputs += f", float[{batch},1,{heads},{width},{state}] final"
    proto = onnx.parser.parse_model(model_text(inputs, outputs, body, opset=18))
    onnx.checker.check_model(proto, full_check=True)
    model = ir.from_proto(proto)
    for node in model.graph:
        node.name = f"{node.op_type}_{node.outputs[0].name}"
    return model
