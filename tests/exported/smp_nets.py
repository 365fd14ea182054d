"""Segmenters of segmentation_models_pytorch."""

from __future__ import annotations

from typing import Any

from tests.exported.recipe import Made, Recipe, Recipes, picture


def _segmenter(name: str, encoder: str, *image: int, script: bool = False, **options: Any) -> Recipe:
    def make() -> Made:
        import segmentation_models_pytorch as smp

        net = getattr(smp, name)(encoder_name=encoder, encoder_weights=None, **options)
        return net, (picture(*image),)

    return Recipe("CNN", make, script)


SMP: Recipes = {
    "smp_unet_resnet18_256": _segmenter("Unet", "resnet18", 1, 256),
    "smp_fpn_mobilenet_v2_320_s": _segmenter("FPN", "mobilenet_v2", 1, 320, script=True),
    "smp_deeplabv3plus_mobilenet_v2_256": _segmenter("DeepLabV3Plus", "mobilenet_v2", 1, 256, classes=19),
    "smp_unet_efficientnet_b0_384": _segmenter("Unet", "efficientnet-b0", 1, 384, classes=2),
    "smp_segformer_resnet34_256": _segmenter("Segformer", "resnet34", 1, 256, classes=19),
    "smp_linknet_resnet18_512_s": _segmenter("Linknet", "resnet18", 1, 512, script=True),
    "smp_unetplusplus_mobilenet_v2_256": _segmenter("UnetPlusPlus", "mobilenet_v2", 1, 256),
    "smp_manet_resnet18_256_s": _segmenter("MAnet", "resnet18", 1, 256, script=True),
}
