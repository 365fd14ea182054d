"""State-space models, recurrent ones and their hybrids of transformers, over a prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.exported.hf import hf
from tests.exported.recipe import Recipe, Recipes, words

WITHOUT_CACHE = {"use_cache": False}


def _plain(length: int, count: int = 1) -> Callable[[], dict[str, Any]]:
    return lambda: {"input_ids": words(length, count)}


def _ssm(model: str, config: str, length: int, script: bool = False, **options: Any) -> Recipe:
    return hf(
        model,
        config,
        _plain(length),
        kind="SSM",
        script=script,
        call=WITHOUT_CACHE,
        vocab_size=8192,
        **options,
    )


SEQUENCE: Recipes = {
    "hf_mamba_130m_1_layer_64": _ssm("MambaModel", "MambaConfig", 64, hidden_size=768, num_hidden_layers=1),
    "hf_mamba2_130m_2_layers_256": _ssm(
        "Mamba2Model", "Mamba2Config", 256, hidden_size=768, num_heads=24, head_dim=64, num_hidden_layers=2,
        n_groups=1,
    ),
    "hf_falcon_mamba_1_layer_32": _ssm(
        "FalconMambaModel", "FalconMambaConfig", 32, hidden_size=1024, num_hidden_layers=1,
    ),
    "hf_bamba_2_layers_256": _ssm(
        "BambaModel", "BambaConfig", 256, hidden_size=1024, intermediate_size=2048, num_hidden_layers=2,
        num_attention_heads=16, num_key_value_heads=4, attn_layer_indices=[1], mamba_n_heads=32,
        mamba_d_head=64, mamba_d_state=128,
    ),
    "hf_rwkv4_169m_2_layers_24_s": _ssm(
        "RwkvModel", "RwkvConfig", 24, script=True, hidden_size=768, attention_hidden_size=768, num_hidden_layers=2,
        context_length=1024,
    ),
    "hf_recurrent_gemma_2_layers_64": _ssm(
        "RecurrentGemmaModel", "RecurrentGemmaConfig", 64, hidden_size=1024, lru_width=1024,
        num_attention_heads=4, intermediate_size=6144, num_hidden_layers=3,
    ),
    "hf_granite_hybrid_2_layers_128": _ssm(
        "GraniteMoeHybridModel", "GraniteMoeHybridConfig", 128, hidden_size=768, intermediate_size=2048,
        shared_intermediate_size=2048, num_local_experts=0, num_hidden_layers=2, num_attention_heads=12,
        num_key_value_heads=4, layer_types=["mamba", "attention"], mamba_n_heads=48, mamba_d_head=32,
        mamba_chunk_size=128,
    ),
    "hf_zamba2_2_layers_128_s": _ssm(
        "Zamba2Model", "Zamba2Config", 128, script=True, hidden_size=1024, num_hidden_layers=2,
        layers_block_type=["mamba", "mamba"], n_mamba_heads=32, chunk_size=128,
    ),
    "hf_xlstm_1_layer_64": _ssm(
        "xLSTMModel", "xLSTMConfig", 64, hidden_size=512, num_heads=4, num_hidden_layers=1, num_blocks=1,
        chunk_size=64,
    ),
    "hf_mamba2_780m_1_layer_512_s": _ssm(
        "Mamba2Model", "Mamba2Config", 512, script=True, hidden_size=1536, num_heads=48, head_dim=64,
        num_hidden_layers=1, n_groups=1,
    ),
    "hf_falcon_h1_1_layer_128": _ssm(
        "FalconH1Model", "FalconH1Config", 128, hidden_size=1024, num_hidden_layers=1, intermediate_size=2048,
        num_attention_heads=8, num_key_value_heads=2, mamba_d_ssm=1536, mamba_n_heads=24, mamba_d_head=64,
        mamba_chunk_size=128,
    ),
    "hf_lfm2_350m_3_layers_128": _ssm(
        "Lfm2Model", "Lfm2Config", 128, hidden_size=1024, intermediate_size=4608, num_hidden_layers=3,
        num_attention_heads=16, num_key_value_heads=8, layer_types=["conv", "conv", "full_attention"],
    ),
    "hf_qwen3_next_2_layers_64": _ssm(
        "Qwen3NextModel", "Qwen3NextConfig", 64, hidden_size=1024, num_hidden_layers=2, num_experts=0,
        layer_types=["linear_attention", "full_attention"], intermediate_size=2048, num_attention_heads=8,
        num_key_value_heads=2, mlp_only_layers=[0, 1],
    ),
}  # fmt: skip
