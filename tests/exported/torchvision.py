"""Networks of torchvision, built by its own constructors."""

from __future__ import annotations

from typing import Any

from tests.exported.recipe import Recipe, Recipes, picture


def _model(name: str, *image: int, script: bool = False, **options: Any) -> Recipe:
    def make() -> tuple[Any, tuple[Any, ...]]:
        from torchvision import models

        return models.get_model(name, weights=None, **options), (picture(*image),)

    return Recipe("CNN", make, script)


TORCHVISION: Recipes = {
    "tv_mobilenet_v3_small_224": _model("mobilenet_v3_small", 1, 224),
    "tv_resnet18_256": _model("resnet18", 1, 256),
    "tv_swin_t_224": _model("swin_t", 1, 224)._replace(kind="transformer"),
    "tv_shufflenet_v2_x0_5_224_s": _model("shufflenet_v2_x0_5", 1, 224, script=True),
}
