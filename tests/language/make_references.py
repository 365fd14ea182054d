"""Makes `data/*.npz`: tiny random models of each family, run by transformers, for `test_families.py`.

Needs torch and transformers (made with 2.14.1 and 5.24.0), in an environment of their own:

    python tests/language/make_references.py [NAME ...]

A file holds the config, the weights as `build` asks for them (matrices [inputs, outputs], rounded to fp16), tokens, and
the logits of all positions in float32.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

DATA = Path(__file__).with_name("data")
TOKENS = 24
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "vocab_size": 60,
    "max_position_embeddings": 64,
}
LINEAR = {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 1e4}
LONG = {
    "rope_type": "longrope",
    "rope_theta": 1e4,
    "short_factor": [1.0, 1.5],
    "long_factor": [2.0, 4.0],
    "partial_rotary_factor": 0.5,
}
HALF = {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}
OLD = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "vocab_size": 60}
PHI3 = {"model_type": "phi3", **SMALL, "sliding_window": 11, "rope_parameters": LONG}
NEXT = {
    "model_type": "qwen3_next",
    **SMALL,
    "head_dim": 16,
    "layer_types": ["linear_attention", "full_attention"],
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "num_experts": 16,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 24,
    "partial_rotary_factor": 0.5,
}
CASES = {
    "llama": {
        "model_type": "llama",
        **SMALL,
        "rope_parameters": YARN,
        "attention_bias": True,
        "mlp_bias": True,
    },
    "llama_linear": {"model_type": "llama", **SMALL, "rope_parameters": LINEAR, "head_dim": 12},
    "mistral": {"model_type": "mistral", **SMALL, "sliding_window": 7},
    "qwen2": {
        "model_type": "qwen2",
        **SMALL,
        "use_sliding_window": True,
        "sliding_window": 9,
        "max_window_layers": 1,
    },
    "qwen3": {"model_type": "qwen3", **SMALL, "head_dim": 16, "tie_word_embeddings": True},
    "phi3": PHI3 | {"original_max_position_embeddings": 4},
    "phi3_short": PHI3 | {"original_max_position_embeddings": 32},
    "gemma": {"model_type": "gemma", **SMALL, "head_dim": 12},
    "gemma2": {
        "model_type": "gemma2",
        **SMALL,
        "head_dim": 12,
        "sliding_window": 6,
        "query_pre_attn_scalar": 10,
    },
    "gemma3": {
        "model_type": "gemma3_text",
        **SMALL,
        "num_hidden_layers": 3,
        "head_dim": 12,
        "sliding_window": 6,
        "sliding_window_pattern": 2,
        "query_pre_attn_scalar": 10,
    },
    "mamba": {
        "model_type": "mamba",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "vocab_size": 60,
        "state_size": 8,
        "use_bias": True,
    },
    "mamba2": {
        "model_type": "mamba2",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "vocab_size": 60,
        "state_size": 8,
        "num_heads": 4,
        "head_dim": 16,
        "n_groups": 2,
        "chunk_size": 8,
        "tie_word_embeddings": True,
    },
    "lfm2": {
        "model_type": "lfm2",
        **SMALL,
        "num_hidden_layers": 3,
        "layer_types": ["conv", "full_attention", "conv"],
        "block_multiple_of": 16,
        "conv_bias": True,
    },
    "falcon_h1": {
        "model_type": "falcon_h1",
        **SMALL,
        "mamba_d_ssm": 32,
        "mamba_d_head": 8,
        "mamba_n_heads": 4,
        "mamba_n_groups": 2,
        "mamba_d_state": 8,
        "mamba_chunk_size": 8,
        "attention_in_multiplier": 0.9,
        "attention_out_multiplier": 0.8,
        "embedding_multiplier": 1.5,
        "key_multiplier": 0.7,
        "lm_head_multiplier": 0.6,
        "mlp_multipliers": [0.9, 0.5],
        "ssm_in_multiplier": 1.1,
        "ssm_multipliers": [0.9, 0.8, 1.2, 1.1, 0.7],
        "ssm_out_multiplier": 0.75,
        "projectors_bias": True,
        "mamba_rms_norm": True,
    },
    "falcon_mamba": {
        "model_type": "falcon_mamba",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "vocab_size": 60,
        "state_size": 8,
    },
    "bamba": {
        "model_type": "bamba",
        **SMALL,
        "attn_layer_indices": [1],
        "mamba_n_heads": 4,
        "mamba_n_groups": 2,
        "mamba_d_state": 8,
        "mamba_chunk_size": 8,
    },
    "granite": {
        "model_type": "granite",
        **SMALL,
        "embedding_multiplier": 3.0,
        "logits_scaling": 2.0,
        "residual_multiplier": 0.4,
        "attention_multiplier": 0.2,
    },
    "smollm3": {
        "model_type": "smollm3",
        **SMALL,
        "num_hidden_layers": 3,
        "no_rope_layer_interval": 2,
        "use_sliding_window": True,
        "sliding_window": 6,
    },
    "qwen3_moe": {
        "model_type": "qwen3_moe",
        **SMALL,
        "num_experts": 16,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
        "mlp_only_layers": [1],
    },
    "mixtral": {
        "model_type": "mixtral",
        **SMALL,
        "intermediate_size": 16,
        "num_local_experts": 16,
        "sliding_window": 7,
    },
    "qwen2_moe": {
        "model_type": "qwen2_moe",
        **SMALL,
        "num_experts": 16,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
        "shared_expert_intermediate_size": 24,
        "mlp_only_layers": [1],
    },
    "gpt_oss": {
        "model_type": "gpt_oss",
        **SMALL,
        "intermediate_size": 16,
        "head_dim": 8,
        "num_local_experts": 16,
        "num_experts_per_tok": 2,
        "sliding_window": 7,
        "rope_parameters": YARN | {"truncate": False},
    },
    "gpt2": {"model_type": "gpt2", **OLD, "n_inner": 48, "scale_attn_by_inverse_layer_idx": True},
    "gpt_bigcode": {"model_type": "gpt_bigcode", **OLD, "n_inner": 48},
    "gpt_neo": {
        "model_type": "gpt_neo",
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 4,
        "attention_types": [[["global", "local"], 1]],
        "window_size": 7,
        "vocab_size": 60,
        "max_position_embeddings": 64,
    },
    "gpt_neox": {"model_type": "gpt_neox", **SMALL, "rope_parameters": HALF, "num_key_value_heads": None},
    "gpt_neox_in_turn": {
        "model_type": "gpt_neox",
        **SMALL,
        "rope_parameters": HALF,
        "use_parallel_residual": False,
        "attention_bias": False,
        "num_key_value_heads": None,
    },
    "opt": {"model_type": "opt", **SMALL, "ffn_dim": 48, "word_embed_proj_dim": 32},
    "bloom": {
        "model_type": "bloom",
        "hidden_size": 30,
        "n_layer": 2,
        "n_head": 6,
        "vocab_size": 60,
    },
    "falcon": {"model_type": "falcon", **SMALL},
    "falcon_new": {
        "model_type": "falcon",
        **SMALL,
        "new_decoder_architecture": True,
        "num_kv_heads": 2,
        "bias": True,
    },
    "falcon_alibi": {
        "model_type": "falcon",
        **SMALL,
        "alibi": True,
        "multi_query": False,
        "parallel_attn": False,
        "bias": True,
    },
    "phi": {"model_type": "phi", **SMALL},
    "starcoder2": {"model_type": "starcoder2", **SMALL, "sliding_window": 7},
    "olmo": {"model_type": "olmo", **SMALL, "clip_qkv": 0.6},
    "olmo2": {"model_type": "olmo2", **SMALL},
    "stablelm": {"model_type": "stablelm", **SMALL, "rope_parameters": HALF, "use_qkv_bias": True},
    "stablelm_side_by_side": {
        "model_type": "stablelm",
        **SMALL,
        "rope_parameters": HALF,
        "use_parallel_residual": True,
    },
    "cohere": {"model_type": "cohere", **SMALL, "logit_scale": 0.5},
    "cohere2": {
        "model_type": "cohere2",
        **SMALL,
        "sliding_window": 7,
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "qwen3_next": NEXT,
    "qwen3_next_dense": NEXT | {"mlp_only_layers": [0, 1]},
}


def model_of(keys: dict) -> torch.nn.Module:
    torch.manual_seed(0)
    config = AutoConfig.for_model(**keys, pad_token_id=0, bos_token_id=1, eos_token_id=2)
    config.initializer_range = 0.15
    # Falcon's eager attention adds what its heads add by position twice (5.24.0), the usual one does not.
    how = "sdpa" if keys.get("alibi") else "eager"
    model = AutoModelForCausalLM.from_config(config, attn_implementation=how).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
            parameter.copy_(parameter.half().float())
    return model


def weights_of(model: torch.nn.Module) -> dict[str, np.ndarray]:
    linear = {f"{n}.weight" for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    found = {}
    for name, parameter in model.named_parameters():
        data = parameter.detach().numpy()
        experts = ".experts." in name and "gpt_oss" not in type(model).__module__
        turned = name in linear or experts or name.endswith(("mlp.gate.weight", "mlp.router.weight"))
        found[name] = (data.swapaxes(-1, -2) if turned else data).astype(np.float16)
    return found


def make(name: str) -> None:
    keys = CASES[name]
    model = model_of(keys)
    ids = np.random.default_rng(0).integers(0, keys["vocab_size"], (1, TOKENS))
    with torch.no_grad():
        logits = model(torch.from_numpy(ids), use_cache=False).logits.numpy()
    saved = model.config.to_dict()
    saved["model_type"] = keys["model_type"]
    text = json.dumps(saved, default=str)
    path = DATA / f"{name}.npz"
    np.savez_compressed(path, config=text, ids=ids, logits=logits, **weights_of(model))
    print(f"{name}: {path.stat().st_size / 1000:.0f} kB, logits to {np.abs(logits).max():.2f}")


#: Families whose class assumes a published size where a config says nothing: GPT-2, Mixtral 8x7B, Falcon 7B, ...
WHOLE = (
    "mixtral", "qwen2_moe", "gpt_oss", "gpt2", "gpt_neo", "gpt_neox", "opt", "falcon", "phi", "starcoder2", "olmo",
    "olmo2", "stablelm", "cohere", "cohere2",
)  # fmt: skip


def count_defaults() -> None:
    """Parameters of what each class assumes, without memory for them."""
    found = {}
    for name in WHOLE:
        config = AutoConfig.for_model(name)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
        plain = {k: v for k, v in config.to_diff_dict().items() if k != "transformers_version"}
        keys = config.to_dict() | plain | {"model_type": name}
        keep = {
            k: v
            for k, v in keys.items()
            if isinstance(v, int | float | str | dict | list) and v not in ([], {})
        }
        keep.pop("transformers_version", None), keep.pop("id2label", None), keep.pop("label2id", None)
        found[name] = {"parameters": sum(p.numel() for p in model.parameters()), "config": keep}
    text = json.dumps(found, indent=1, sort_keys=True)
    (DATA / "defaults.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    if sys.argv[1:] == ["--defaults"]:
        count_defaults()
    else:
        for case in sys.argv[1:] or CASES:
            make(case)
