"""Networks of these tables at other sizes, widths and batches."""

from typing import Any

from tests.vendor.builder import Builder
from tests.vendor.nets import mobile as mob
from tests.vendor.nets import small_kinds as hm
from tests.vendor.nets.common_classifiers import vgg
from tests.vendor.nets.common_large_classifiers import convnext
from tests.vendor.nets.common_maps import pidnet_s
from tests.vendor.nets.daily_detectors import mask_head, yolov4
from tests.vendor.nets.daily_people import hardnet_patches
from tests.vendor.nets.everyday_detectors import yolo11, yolov8
from tests.vendor.nets.everyday_maps import deeplab_mnv2
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.usual_points import hrnet_w18, ocr_rec
from tests.vendor.nets.usual_yolos import yolox


class Many:
    """A builder whose pictures come several at a time."""

    def __init__(self, g: Builder, n: int) -> None:
        self.g, self.n = g, n

    def __getattr__(self, name: str) -> Any:
        return getattr(self.g, name)

    def input(self, one: int, *shape: int, **more: Any) -> str:
        """A new input of n pictures."""
        return self.g.input(self.n, *shape, **more)


FAMILIAR_KNOWN = {
    "yolov8s_640": ("CNN", lambda g: yolov8(g, 640, 32, 1)),
    "mobilenet_v2_b8_224": ("CNN", lambda g: mob.mobilenet_v2(Many(g, 8), 224, 1.0)),
    "resnet50_b4_224": ("CNN", lambda g: resnet(g, 224, (3, 4, 6, 3), batch=4)),
    "deeplabv3_mnv2_513": ("CNN", lambda g: deeplab_mnv2(g, 513)),
    "convnext_nano_224": ("CNN", lambda g: convnext(g, 224, (80, 160, 320, 640), (2, 2, 8, 2))),
    "yolov4_416": ("CNN", lambda g: yolov4(g, 416)),
    "efficientnet_b0_b2_224": ("CNN", lambda g: mob.efficientnet(Many(g, 2), 224, 1.0, 1.0)),
    "pidnet_s_448x640": ("CNN", lambda g: pidnet_s(g, 448, 640)),
    "yolo11n_640": ("CNN", lambda g: yolo11(g, 640)),
    "vgg16_224": ("CNN", lambda g: vgg(g, 224, ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)))),
    "resnet18_b16_160": ("CNN", lambda g: resnet(g, 160, (2, 2, 2, 2), False, batch=16)),
    "mask_head_b8": ("CNN", lambda g: mask_head(g, 8)),
    "ocr_rec_48x480": ("CNN", lambda g: ocr_rec(g, 48, 480)),
    "yolox_s_512": ("CNN", lambda g: yolox(g, 512, 32, 1)),
    "mobilenet_v3l_b4_192": ("CNN", lambda g: mob.mobilenet_v3_large(Many(g, 4), 192)),
    "hardnet_patches_b32": ("CNN", lambda g: hardnet_patches(g, 32)),
    "hrnet_w18s_384x288": ("CNN", lambda g: hrnet_w18(g, 384, 288)),
    "googlenet_b4_224": ("CNN", lambda g: hm.googlenet(Many(g, 4), 224)),
}  # fmt: skip
