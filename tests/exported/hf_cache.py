"""Decoders of transformers that take one token, or a few, behind a cache of keys and values."""

from __future__ import annotations

from typing import Any

from tests.exported.recipe import Made, Recipe, Recipes, words


def _step(model: str, past: int, tokens: int = 1, script: bool = False, **options: Any) -> Recipe:
    """`tokens` more behind `past`; the longer cache is an output, as a runtime keeps it."""

    def make() -> Made:
        import torch
        import transformers

        config = getattr(transformers, f"{model}Config")(vocab_size=8192, **options)
        net = getattr(transformers, f"{model}Model")(config).eval()
        heads = config.num_key_value_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads

        class Step(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.net = net

            def forward(self, ids: Any, mask: Any, positions: Any, *kept: Any) -> tuple[Any, ...]:
                cache = transformers.DynamicCache()
                for layer, (keys, values) in enumerate(zip(kept[::2], kept[1::2], strict=True)):
                    cache.update(keys, values, layer)
                found = self.net(
                    input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache
                )
                longer = [t for layer in found.past_key_values.layers for t in (layer.keys, layer.values)]
                return found.last_hidden_state, *longer

        kept = [torch.rand(1, heads, past, width) for _ in range(2 * config.num_hidden_layers)]
        mask = torch.ones(1, past + tokens, dtype=torch.int64)
        return Step(), (words(tokens), mask, torch.arange(past, past + tokens)[None], *kept)

    return Recipe("transformer", make, script)


CACHE: Recipes = {
    "hf_smollm_135m_2_layers_step_255": _step(
        "Llama", 255, hidden_size=576, intermediate_size=1536, num_hidden_layers=2, num_attention_heads=9,
        num_key_value_heads=3,
    ),
    "hf_qwen2_0_5b_1_layer_step_511_s": _step(
        "Qwen2", 511, script=True, hidden_size=896, intermediate_size=4864, num_hidden_layers=1,
        num_attention_heads=14, num_key_value_heads=2,
    ),
}  # fmt: skip
