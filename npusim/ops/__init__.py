"""What work an op is: counts only. Ask `lowerings(node, graph)`; list with `known_ops()`."""

from npusim.ops import (  # noqa: F401  importing a family registers its rules
    attention,
    binary,
    convolution,
    indexing,
    matmul,
    misc,
    normalisation,
    pooling,
    quantise,
    recurrent,
    reduction,
    structure,
    unary,
)
from npusim.ops.kernels import KERNELS, LOWERINGS
from npusim.ops.misc import LEFT_OUT
from npusim.ops.registry import OpCase, OpInfo, known_ops, lowerings, macs, op

__all__ = ["KERNELS", "LEFT_OUT", "LOWERINGS", "OpCase", "OpInfo", "known_ops", "lowerings", "macs", "op"]
