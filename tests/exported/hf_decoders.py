"""Decoders of transformers over a prompt, of one or two layers of their published widths."""

from __future__ import annotations

from typing import Any

from tests.exported.hf import hf
from tests.exported.recipe import Recipe, Recipes, words


def _prompt(model: str, length: int, script: bool = False, attention: str = "", **options: Any) -> Recipe:
    return hf(
        f"{model}ForCausalLM", f"{model}Config", lambda: {"input_ids": words(length)}, script=script,
        attention=attention, call={"use_cache": False}, **options,
    )  # fmt: skip


def _body(
    model: str, length: int, script: bool = False, attention: str = "", config: str = "", **options: Any
) -> Recipe:
    """Without the head over the vocabulary; one layer if no other number is said. The older exporter cannot write
    what is done where no mask is given (`aten::diff`)."""

    def given() -> dict[str, Any]:
        prompt = {"input_ids": words(length)}
        return prompt | {"attention_mask": prompt["input_ids"].clone().fill_(1)} if script else prompt

    layers = {"num_hidden_layers": 1, "vocab_size": 8192} | options
    return hf(
        f"{model}Model", config or f"{model}Config", given, script=script,
        attention=attention, call={"use_cache": False}, **layers,
    )  # fmt: skip


DECODERS: Recipes = {
    "hf_smollm_135m_2_layers_128": _prompt(
        "Llama", 128, hidden_size=576, intermediate_size=1536, num_hidden_layers=2, num_attention_heads=9,
        num_key_value_heads=3, vocab_size=49152,
    ),
    "hf_qwen2_0_5b_1_layer_256": _body(
        "Qwen2", 256, hidden_size=896, intermediate_size=4864, num_attention_heads=14, num_key_value_heads=2,
    ),
    "hf_gemma3_270m_2_layers_128": _body(
        "Gemma3Text", 128, config="Gemma3TextConfig", num_hidden_layers=2, hidden_size=640, intermediate_size=2048,
        num_attention_heads=4, num_key_value_heads=1, head_dim=256,
    ),
    "hf_phi3_mini_1_layer_64": _body("Phi3", 64, pad_token_id=0),
    "hf_qwen3_0_6b_1_layer_512_s": _body(
        "Qwen3", 512, script=True, attention="eager", hidden_size=1024, intermediate_size=3072,
        num_attention_heads=16, num_key_value_heads=8, head_dim=128,
    ),
    "hf_gpt2_2_layers_256": _body("GPT2", 256, num_hidden_layers=2),
    "hf_tinyllama_1_layer_200_s": _body(
        "Llama", 200, script=True, hidden_size=2048, intermediate_size=5632, num_attention_heads=32,
        num_key_value_heads=4,
    ),
    "hf_phi1_5_1_layer_128": _body(
        "Phi", 128, hidden_size=2048, intermediate_size=8192, num_attention_heads=32, partial_rotary_factor=0.5,
    ),
    "hf_opt_125m_3_layers_160_s": _body("OPT", 160, script=True, num_hidden_layers=3),
    "hf_gemma2_1_layer_96": _body(
        "Gemma2", 96, attention="eager", hidden_size=2304, intermediate_size=9216, num_attention_heads=8,
        num_key_value_heads=4, head_dim=256,
    ),
}  # fmt: skip
