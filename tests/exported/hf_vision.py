"""Encoders of images of transformers, and detectors and segmenters on top of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.exported.hf import hf
from tests.exported.recipe import Made, Recipe, Recipes, called, picture


def _image(height: int, width: int = 0, count: int = 1) -> Callable[[], dict[str, Any]]:
    return lambda: {"pixel_values": picture(count, height, width)}


def _depth() -> Made:
    """Depth Anything small: DINOv2 of which four layers are left, its neck and its head."""
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    body = Dinov2Config(
        hidden_size=384, num_hidden_layers=4, num_attention_heads=6, image_size=518, patch_size=14,
        out_indices=[1, 2, 3, 4], reshape_hidden_states=False, apply_layernorm=True,
    )  # fmt: skip
    config = DepthAnythingConfig(
        backbone_config=body,
        reassemble_hidden_size=384,
        neck_hidden_sizes=[48, 96, 192, 384],
        fusion_hidden_size=64,
    )
    net = DepthAnythingForDepthEstimation(config).eval()
    return called(net, "pixel_values"), (picture(1, 252),)


VISION: Recipes = {
    "hf_dinov2_small_4_layers_224": hf(
        "Dinov2Model", "Dinov2Config", _image(224), hidden_size=384, num_hidden_layers=4, num_attention_heads=6,
        image_size=518, patch_size=14,
    ),
    "hf_segformer_b0_512_s": hf(
        "SegformerForSemanticSegmentation", "SegformerConfig", _image(512), script=True, num_labels=150,
    ),
    "hf_vit_base_3_layers_224": hf("ViTForImageClassification", "ViTConfig", _image(224), num_hidden_layers=3),
    "hf_clip_vision_3_layers_224_s": hf(
        "CLIPVisionModel", "CLIPVisionConfig", _image(224), script=True, num_hidden_layers=3,
    ),
    "hf_siglip_vision_3_layers_224": hf("SiglipVisionModel", "SiglipVisionConfig", _image(224), num_hidden_layers=3),
    "hf_depth_anything_4_layers_252": Recipe("transformer", _depth),
    "hf_sam_vision_2_layers_1024": hf(
        "SamVisionModel", "SamVisionConfig", _image(1024), num_hidden_layers=2, global_attn_indexes=[1],
    ),
    "hf_dpt_4_layers_384_s": hf(
        "DPTForDepthEstimation", "DPTConfig", _image(384), script=True, hidden_size=384, num_hidden_layers=4,
        num_attention_heads=6, intermediate_size=1536, backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[48, 96, 192, 384], fusion_hidden_size=128,
    ),
    "hf_yolos_tiny_4_layers_320": hf(
        "YolosForObjectDetection", "YolosConfig", _image(320), hidden_size=192, num_hidden_layers=4,
        num_attention_heads=3, intermediate_size=768, image_size=[320, 320], num_labels=91,
    ),
    "hf_donut_swin_384_s": hf(
        "DonutSwinModel", "DonutSwinConfig", _image(384), script=True, image_size=384, embed_dim=96,
        depths=[2, 2, 2], num_heads=[3, 6, 12], window_size=8,
    ),
    "hf_mobilevit_xs_256": hf(
        "MobileViTForImageClassification", "MobileViTConfig", _image(256), kind="CNN", hidden_sizes=[96, 120, 144],
        neck_hidden_sizes=[16, 32, 48, 64, 80, 96, 384],
    ),
    "hf_beit_2_layers_224": hf("BeitModel", "BeitConfig", _image(224), num_hidden_layers=2),
}  # fmt: skip
