"""Exported networks that onnxruntime put into eight bits: recipes of the other files, other sizes among them."""

from __future__ import annotations

from tests.exported.hf_text import TEXT
from tests.exported.hf_vision import VISION
from tests.exported.recipe import Recipe, Recipes
from tests.exported.recurrent import RECURRENT
from tests.exported.smp_nets import SMP
from tests.exported.timm_nets import TIMM, TIMM_ATTENTION
from tests.exported.torchvision import TORCHVISION


def _in_eight_bits(recipe: Recipe, script: bool | None = None) -> Recipe:
    """The same network, by the exporter that is said or by that of its own recipe."""
    return recipe._replace(quantised=True, script=recipe.script if script is None else script)


QUANTISED: Recipes = {
    "q8_tv_resnet18_256": _in_eight_bits(TORCHVISION["tv_resnet18_256"]),
    "q8_timm_vit_small_224": _in_eight_bits(TIMM_ATTENTION["timm_vit_small_224"]),
    "q8_tv_mobilenet_v3_small_224_s": _in_eight_bits(TORCHVISION["tv_mobilenet_v3_small_224"])._replace(
        script=True
    ),
    "q8_hf_minilm_l6_128": _in_eight_bits(TEXT["hf_minilm_l6_128"]),
    "q8_timm_efficientnet_lite0_224": _in_eight_bits(TIMM["timm_efficientnet_lite0_224"]),
    "q8_smp_unet_resnet18_256": _in_eight_bits(SMP["smp_unet_resnet18_256"]),
    "q8_hf_segformer_b0_512_s": _in_eight_bits(VISION["hf_segformer_b0_512_s"]),
    "q8_nn_crnn_32x100": _in_eight_bits(RECURRENT["nn_crnn_32x100"]),
    "q8_timm_mobilenetv4_conv_small_224_s": _in_eight_bits(TIMM["timm_mobilenetv4_conv_small_224"])._replace(
        script=True
    ),
}
