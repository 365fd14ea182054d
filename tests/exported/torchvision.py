"""Networks of torchvision, built by its own constructors."""

from __future__ import annotations

from typing import Any

from tests.exported.recipe import Made, Recipe, Recipes, picture


def _model(name: str, *image: int, kind: str = "CNN", script: bool = False, **options: Any) -> Recipe:
    def make() -> Made:
        from torchvision import models

        return models.get_model(name, weights=None, **options), (picture(*image),)

    return Recipe(kind, make, script)


def _segmenter(name: str, *image: int, script: bool = False) -> Recipe:
    """The scores of its classes; the side output of training is left away."""

    def make() -> Made:
        import torch
        from torchvision import models

        class Scores(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.net = models.get_model(name, weights=None, weights_backbone=None, num_classes=21)

            def forward(self, image: torch.Tensor) -> torch.Tensor:
                return self.net(image)["out"]

        return Scores(), (picture(*image),)

    return Recipe("CNN", make, script)


def _pyramid() -> Made:
    """The backbone of a detector: MobileNetV3 and its feature pyramid."""
    import torch
    from torchvision.models.detection.backbone_utils import mobilenet_backbone

    class Levels(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = mobilenet_backbone(backbone_name="mobilenet_v3_large", weights=None, fpn=True)

        def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
            return list(self.body(image).values())

    return Levels(), (picture(1, 320),)


def _video() -> Made:
    """Eight frames through residual blocks of convolutions over space and time."""
    import torch
    from torchvision.models.video import r2plus1d_18

    return r2plus1d_18(weights=None), (torch.rand(1, 3, 8, 112, 112),)


TORCHVISION: Recipes = {
    "tv_mobilenet_v3_small_224": _model("mobilenet_v3_small", 1, 224),
    "tv_resnet18_256": _model("resnet18", 1, 256),
    "tv_swin_t_224": _model("swin_t", 1, 224, kind="transformer"),
    "tv_shufflenet_v2_x0_5_224_s": _model("shufflenet_v2_x0_5", 1, 224, script=True),
    "tv_efficientnet_b0_224": _model("efficientnet_b0", 1, 224),
    "tv_lraspp_mobilenet_v3_320": _segmenter("lraspp_mobilenet_v3_large", 1, 320),
    "tv_deeplabv3_mobilenet_v3_256_s": _segmenter("deeplabv3_mobilenet_v3_large", 1, 256, script=True),
    "tv_densenet121_224": _model("densenet121", 1, 224),
    "tv_googlenet_224_s": _model("googlenet", 1, 224, script=True, init_weights=False, aux_logits=False),
    "tv_squeezenet1_1_224": _model("squeezenet1_1", 1, 224),
    "tv_mnasnet0_5_160": _model("mnasnet0_5", 1, 160),
    "tv_regnet_x_400mf_288": _model("regnet_x_400mf", 1, 288),
    "tv_convnext_tiny_224_s": _model("convnext_tiny", 1, 224, script=True),
    "tv_fcn_resnet50_256": _segmenter("fcn_resnet50", 1, 256),
    "tv_mobilenet_v3_pyramid_320": Recipe("CNN", _pyramid),
    "tv_resnext50_batch_2_224": _model("resnext50_32x4d", 2, 224),
    "tv_maxvit_t_224": _model("maxvit_t", 1, 224, kind="transformer"),
    "tv_r2plus1d_112": Recipe("CNN", _video),
}
