"""Networks of timm, built by its own constructors."""

from __future__ import annotations

from typing import Any

from tests.exported.recipe import Made, Recipe, Recipes, picture


def _model(name: str, *image: int, kind: str = "CNN", script: bool = False, **options: Any) -> Recipe:
    def make() -> Made:
        import timm

        return timm.create_model(name, pretrained=False, exportable=True, **options), (picture(*image),)

    return Recipe(kind, make, script)


def _attention(name: str, *image: int, script: bool = False, **options: Any) -> Recipe:
    return _model(name, *image, kind="transformer", script=script, **options)


TIMM: Recipes = {
    "timm_mobilenetv4_conv_small_224": _model("mobilenetv4_conv_small", 1, 224),
    "timm_convnextv2_nano_224": _model("convnextv2_nano", 1, 224),
    "timm_efficientnet_lite0_224": _model("tf_efficientnet_lite0", 1, 224),
    "timm_repvgg_a0_224_s": _model("repvgg_a0", 1, 224, script=True),
    "timm_regnety_008_224": _model("regnety_008", 1, 224),
    "timm_ghostnet_100_224_s": _model("ghostnet_100", 1, 224, script=True),
    "timm_dla34_224": _model("dla34", 1, 224),
    "timm_hrnet_w18_small_224_s": _model("hrnet_w18_small", 1, 224, script=True),
    "timm_nfnet_l0_224": _model("nfnet_l0", 1, 224),
}
TIMM_ATTENTION: Recipes = {
    "timm_vit_small_224": _attention("vit_small_patch16_224", 1, 224),
    "timm_mobilevit_s_256_s": _attention("mobilevit_s", 1, 256, script=True),
    "timm_deit3_small_224": _attention("deit3_small_patch16_224", 1, 224),
    "timm_eva02_tiny_224": _attention("eva02_tiny_patch14_224", 1, 224),
    "timm_fastvit_t8_256": _attention("fastvit_t8", 1, 256),
    "timm_tinyvit_5m_224": _attention("tiny_vit_5m_224", 1, 224),
    "timm_levit_128s_224": _attention("levit_128s", 1, 224),
    "timm_efficientformer_l1_224": _attention("efficientformer_l1", 1, 224),
    "timm_maxvit_tiny_224": _attention("maxvit_tiny_tf_224", 1, 224),
    "timm_xcit_nano_224": _attention("xcit_nano_12_p16_224", 1, 224),
    "timm_mixer_s16_224_s": _attention("mixer_s16_224", 1, 224, script=True),
    "timm_poolformer_s12_224": _attention("poolformer_s12", 1, 224),
    "timm_vit_base_4_layers_384_s": _attention("vit_base_patch16_384", 1, 384, script=True, depth=4),
}
