"""What a user may choose among, and the one sentence for what is not on offer.

The members are the words people type. They are strings, so a choice is written and compared as its word."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from npusim.errors import BadArgument
from npusim_xamba.text import near


class Precision(StrEnum):
    """Type of the arithmetic; int8 is what a quantised version of the model would take."""

    FP16 = "fp16"
    INT8 = "int8"


class Mode(StrEnum):
    """'throughput' is the NPU's own time of one of several inferences in flight; 'latency' adds the host's part."""

    THROUGHPUT = "throughput"
    LATENCY = "latency"


class StoredWeights(StrEnum):
    """How a language model's matrices are stored."""

    FP16 = "fp16"
    INT8 = "int8"
    INT4 = "int4"
    NF4 = "nf4"
    NF4_DOUBLE = "nf4-double"


class StoredCache(StrEnum):
    """How a language model's keys and values are stored."""

    FP16 = "fp16"
    INT8 = "int8"


class Method(StrEnum):
    """How the points of a sweep are spread: all combinations, or points among them."""

    GRID = "grid"
    RANDOM = "random"
    LHS = "lhs"
    SOBOL = "sobol"


class Block(StrEnum):
    """What can be fitted to a folder of reference rows."""

    MAC_ARRAY = "mac-array"
    DMA = "dma"
    DSP = "dsp"


class Runtime(StrEnum):
    """What can run a model on this machine's CPU."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


class Order(StrEnum):
    """Which of several requests comes first: each is answered whole in turn, or prompts go before further tokens."""

    ONE_BY_ONE = "one-by-one"
    PROMPTS_FIRST = "prompts-first"


#: Inputs of a matrix that share a scale where nobody says: what OpenVINO's weight compression takes for int4.
GROUP = 128
#: What `npusim calibrate` takes beside the blocks.
PROFILE = "profile"

Choice = TypeVar("Choice", bound=StrEnum)


def choose(kind: type[Choice], word: str, what: str = "") -> Choice:
    """The member of `kind` for a word, in whatever case.

    `what` names the thing in the sentence: 'precision', or '--precision' on a command line; by default the name
    of `kind`.

    Raises BadArgument: the word and all that is on offer.
    """
    try:
        return kind(word.lower())
    except (ValueError, AttributeError):
        name = what or kind.__name__.lower()
        hint = near(str(word), kind)
        raise BadArgument(f"{name} '{word}' is not on offer; choose from {', '.join(kind)}{hint}") from None
