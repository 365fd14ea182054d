"""Writing the examples of a pass in ONNX's text form, and its options on one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from textwrap import dedent
from typing import Any


def model_text(inputs: str, outputs: str, body: str, opset: int = 17, ir_version: int = 8) -> str:
    """A whole model for `onnx.parser.parse_model`, of the nodes in `body`.

    >>> model_text("float[N,6] x", "float[N,6] y", "y = Relu(x)")
    """
    imports = f'<ir_version: {ir_version}, opset_import: ["" : {opset}]>'
    return f"{imports}\nexample ({inputs}) => ({outputs}) {{\n{dedent(body).strip()}\n}}"


def option(
    default: Any,
    name: str,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    metavar: str | None = None,
    parse: Callable[[str], Any] | None = None,
) -> Any:
    """A dataclass field that is also an option of the command line.

    choices: the words allowed (case does not matter on the command line).
    parse: makes the value from the text of the command line, where the type alone does not say how.
    """
    facts = {"option": name, "help": help, "choices": choices, "metavar": metavar, "parse": parse}
    return field(default=default, metadata={key: value for key, value in facts.items() if value})
