"""Encoders of text of transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.exported.hf import hf
from tests.exported.recipe import Recipes, words


def _masked(length: int, count: int = 1, types: bool = False) -> Callable[[], dict[str, Any]]:
    """Words and the mask of the ones that are padding, as tokenizers give them."""

    def make() -> dict[str, Any]:
        import torch

        mask = torch.ones(count, length, dtype=torch.int64)
        given = {"input_ids": words(length, count), "attention_mask": mask}
        return given | ({"token_type_ids": torch.zeros_like(mask)} if types else {})

    return make


def _plain(length: int, count: int = 1) -> Callable[[], dict[str, Any]]:
    return lambda: {"input_ids": words(length, count)}


TEXT: Recipes = {
    "hf_minilm_l6_128": hf(
        "BertModel", "BertConfig", _masked(128, types=True), hidden_size=384, num_hidden_layers=6,
        num_attention_heads=12, intermediate_size=1536,
    ),
    "hf_roberta_2_layers_256_s": hf(
        "RobertaModel", "RobertaConfig", _masked(256), script=True, attention="eager", num_hidden_layers=2,
        vocab_size=50265, max_position_embeddings=514, type_vocab_size=1,
    ),
    "hf_modernbert_3_layers_512": hf(
        "ModernBertModel", "ModernBertConfig", _masked(512), num_hidden_layers=3,
    ),
    "hf_deberta_v3_small_2_layers_128": hf(
        "DebertaV2Model", "DebertaV2Config", _masked(128), hidden_size=768, num_hidden_layers=2,
        num_attention_heads=12, intermediate_size=3072, relative_attention=True, position_buckets=256,
        pos_att_type=["p2c", "c2p"], norm_rel_ebd="layer_norm", share_att_key=True, type_vocab_size=0,
        position_biased_input=False, vocab_size=8192, max_relative_positions=-1,
    ),
    "hf_distilbert_3_layers_384": hf(
        "DistilBertForQuestionAnswering", "DistilBertConfig", _masked(384), attention="eager", n_layers=3,
    ),
    "hf_e5_small_batch_4_128_s": hf(
        "BertModel", "BertConfig", _masked(128, 4, types=True), script=True, hidden_size=384, num_hidden_layers=4,
        num_attention_heads=12, intermediate_size=1536,
    ),
    "hf_clip_text_4_layers_77": hf(
        "CLIPTextModel", "CLIPTextConfig", _plain(77), num_hidden_layers=4, vocab_size=8192, eos_token_id=2,
    ),
    "hf_siglip_text_2_layers_64_s": hf(
        "SiglipTextModel", "SiglipTextConfig", _plain(64), script=True, num_hidden_layers=2, vocab_size=8192,
    ),
    "hf_t5_small_encoder_3_layers_256": hf(
        "T5EncoderModel", "T5Config", _masked(256), d_model=512, num_layers=3, vocab_size=8192,
    ),
    "hf_albert_2_layers_192": hf(
        "AlbertModel", "AlbertConfig", _plain(192), hidden_size=768, num_attention_heads=12, num_hidden_layers=2,
        intermediate_size=3072,
    ),
    "hf_gpt_neox_1_layer_96": hf(
        "GPTNeoXModel", "GPTNeoXConfig", _plain(96), call={"use_cache": False}, hidden_size=1024,
        num_hidden_layers=1, num_attention_heads=16, intermediate_size=4096, vocab_size=8192,
    ),
    "hf_nomic_bert_2_layers_128": hf("NomicBertModel", "NomicBertConfig", _masked(128), num_hidden_layers=2),
}  # fmt: skip
