"""How a model of transformers becomes a recipe: from a configuration, without pretrained weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.exported.recipe import Made, Recipe, called


def hf(
    model: str,
    config: str,
    inputs: Callable[[], dict[str, Any]],
    *,
    kind: str = "transformer",
    script: bool = False,
    output: str = "",
    attention: str = "",
    call: dict[str, Any] | None = None,
    **options: Any,
) -> Recipe:
    """`model` and `config` are names of classes; `inputs` gives tensors by name, `call` what else it is called with;
    `options` go to the configuration."""

    def make() -> Made:
        import transformers

        made = getattr(transformers, config)(**options)
        if attention:
            made._attn_implementation = attention
        net = getattr(transformers, model)(made)
        given = inputs()
        return called(net.eval(), " ".join(given), output, **(call or {})), tuple(given.values())

    return Recipe(kind, make, script)
