"""Encoders of sound of transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.exported.hf import hf
from tests.exported.recipe import Made, Recipe, Recipes, called


def _wave(samples: int) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        import torch

        return {"input_values": torch.rand(1, samples)}

    return make


def _whisper(script: bool, layers: int, **options: int) -> Recipe:
    """The encoder over thirty seconds."""

    def make() -> Made:
        import torch
        from transformers import WhisperConfig, WhisperModel

        net = WhisperModel(WhisperConfig(encoder_layers=layers, decoder_layers=1, **options)).encoder.eval()
        return called(net, "input_features"), (torch.rand(1, 80, 3000),)

    return Recipe("transformer", make, script)


def _spectrum(frames: int) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        import torch

        return {"input_values": torch.rand(1, frames, 128)}

    return make


TINY = {"d_model": 384, "encoder_attention_heads": 6, "encoder_ffn_dim": 1536}
AUDIO: Recipes = {
    "hf_whisper_tiny_encoder_2_layers": _whisper(False, 2, **TINY),
    "hf_wav2vec2_2_layers_1s": hf("Wav2Vec2Model", "Wav2Vec2Config", _wave(16000), num_hidden_layers=2),
    "hf_hubert_2_layers_1s_s": hf(
        "HubertModel", "HubertConfig", _wave(16000), script=True, num_hidden_layers=2, feat_extract_norm="layer",
        do_stable_layer_norm=True, conv_bias=True,
    ),
    "hf_ast_2_layers_512": hf("ASTModel", "ASTConfig", _spectrum(512), num_hidden_layers=2, max_length=512),
}  # fmt: skip
