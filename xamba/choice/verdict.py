"""One line on what the rewrites bring on the shipped NPUs and compilers, by npusim, for who named none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx_ir as ir

from xamba.choice.page import ratio
from xamba.choice.pricing import Pricer
from xamba.choice.targets import SHIPPED_COMPILERS, shipped
from xamba.errors import CannotPrice


def verdict_line(
    before: ir.Model,
    after: ir.Model,
    dims: Mapping[str, int] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> str:
    """'predicted: lunar_lake 2.9x slower with compiler 2026, 5.1x faster with 2024.12; ...; use --for NPU ...'."""
    targets = shipped()
    pricer = Pricer(targets, dims or {}, settings=settings or {})
    try:
        old, new = pricer(before), pricer(after)
    except CannotPrice as error:
        return f"no prediction: {error}"
    words: dict[str, list[str]] = {}
    for target, b, a in zip(targets, old, new, strict=True):
        first = target.compiler.name == SHIPPED_COMPILERS[0]
        words.setdefault(target.hardware.name, []).append(
            f"{ratio(b, a)} with {'compiler ' if first else ''}{target.compiler.name}"
        )
    line = "; ".join(f"{name} {', '.join(said)}" for name, said in words.items())
    slower = any(a > b * 1.0005 for b, a in zip(old, new, strict=True))
    advice = ". --for NPU takes only what pays there" if slower else ""
    return f"predicted: {line}{advice}"
