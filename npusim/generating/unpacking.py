"""How weights of NF4 become what the MAC array multiplies, and who says what that costs."""

from __future__ import annotations

from npusim.compiler.rules.profile import CompilerProfile


def unpacking_sentence(weights: str, group: int, profile: CompilerProfile, generation: str) -> str:
    """One sentence for NF4 weights; empty for the others, whose ops are ONNX's own."""
    if not weights.startswith("nf4"):
        return ""
    shared = "all inputs" if group == -1 else f"{group} inputs"
    scale = "in 8 bits, with an fp16 scale for 256 of them" if weights == "nf4-double" else "in fp16"
    if profile.packed_weights.unpacked_by(generation) == "dsp":
        how = "by a DSP kernel before each product, priced as a Gather of one element a weight"
    else:
        how = (
            "on the way into the MAC array at no cost of its own, as int4 is, which Intel's schedules hold as such a "
            "table too (!quant.quantile<ui4:f16>; packed_weights of the compiler's profile)"
        )
    return f"nf4: places in a table of 16 and the largest of {shared} {scale}; looked up {how}"
