"""What a graph that contradicts itself breaks while it is compiled, as a sentence that names the node."""

from __future__ import annotations

from npusim.errors import BadModel, NpusimError, TooLarge
from npusim.graph import Graph, Node

# What a malformed node or an impossible number makes plain Python and NumPy raise.
BREAKS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, AssertionError)


def broken(graph: Graph, error: BaseException, node: Node | None = None) -> NpusimError:
    """The error to raise in place of `error`; name the node it happened at if that is known."""
    what = " ".join(f"{type(error).__name__}: {error}".split())[:160]
    if node is None:
        return BadModel(f"'{graph.name}' contradicts itself and cannot be compiled ({what})")
    shapes = ", ".join(
        str(list(graph.values[n].shape)) if n in graph.values else "-" for n in (*node.inputs, *node.outputs)
    )
    if isinstance(error, MemoryError):
        return TooLarge(f"{node.op_type} node '{node.name}' takes too much memory (shapes {shapes[:200]})")
    return BadModel(f"{node.op_type} node '{node.name}' cannot be compiled ({what}; shapes {shapes[:200]})")


LEAST_MOST_TASKS = 50_000
TASKS_PER_TENSOR = 10
BYTES_PER_TASK = 6_000  # of a plan and its prices, measured on long recurrences


class TaskBudget:
    """How many tasks a plan may have: by memory if that is given, else by the number of tensors."""

    def __init__(self, tensors: int, max_memory_bytes: float | None) -> None:
        most = max(LEAST_MOST_TASKS, TASKS_PER_TENSOR * tensors)
        self.most = most if max_memory_bytes is None else int(max_memory_bytes / BYTES_PER_TASK)
        self.used = 0

    def take(self, node: Node, tasks: int) -> None:
        self.used += tasks
        if self.used > self.most:
            raise TooLarge(
                f"the plan would hold more than {self.most} tasks, about {self.most * BYTES_PER_TASK / 1e6:.0f} MB, "
                f"at {node.op_type} node '{node.name}' ({tasks} of them); raise the limit with --max-memory"
            )
