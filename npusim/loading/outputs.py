"""Types and shapes of a node's outputs: by a shape rule, by ONNX's inference, or as the file declares them."""

from __future__ import annotations

from collections.abc import Callable

from npusim.errors import BadModel, NpusimError, TooLarge, UnknownShape
from npusim.loading import fallback
from npusim.loading.rules import RULES, Op, Out


def foldable(kind: str, domain: str) -> bool:
    """Whether a node of constants alone costs nothing: nobody folds an op that nobody knows."""
    return not domain or (domain != "xamba" and f"{domain}.{kind}" in RULES)


def infer_outputs(op: Op, declared: Callable[[], list[Out] | None] | None) -> list[Out]:
    """Outputs by a shape rule, else by ONNX's inference, else as the file declares them."""
    rule = RULES.get(f"{op.domain}.{op.kind}" if op.domain else op.kind, fallback.infer)
    try:
        outs = rule(op)
        if len(outs) < op.count:
            raise ValueError(f"it has {op.count} outputs, {len(outs)} at most are possible")
        return outs[: op.count]
    except UnknownShape:
        stated = declared() if declared is not None else None
        if stated is None:
            raise
        return stated
    except TooLarge:
        raise
    except NpusimError as error:
        raise BadModel(f"node '{op.name}' ({op.kind}): {error}") from None
    except RecursionError:
        raise UnknownShape(
            f"node '{op.name}' ({op.kind}): its value takes too deep a chain of nodes"
        ) from None
    except Exception as error:  # a malformed node breaks a rule in any way it likes
        text = one_line(str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}")
        raise BadModel(f"node '{op.name}' ({op.kind}): {text}") from error


def one_line(text: str) -> str:
    """The message of a foreign exception, short enough for one line."""
    text = " ".join(text.split())
    return text if len(text) <= 200 else text[:200] + "..."
