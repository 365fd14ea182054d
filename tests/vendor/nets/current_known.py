"""Networks of these tables at other sizes, widths and batches."""

from tests.vendor.nets import mobile as mob
from tests.vendor.nets.common_classifiers import squeezenet11
from tests.vendor.nets.common_scenes import superpoint
from tests.vendor.nets.everyday_detectors import yolov5, yolov8
from tests.vendor.nets.everyday_maps import unet_r34
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.familiar_known import Many
from tests.vendor.nets.small_detectors import aggregated
from tests.vendor.nets.usual_classifiers import iresnet, repvgg
from tests.vendor.nets.usual_maps import pp_liteseg
from tests.vendor.nets.usual_points import movenet

CURRENT_KNOWN = {
    "mobilenet_v1_w25_b8_96": ("CNN", lambda g: mob.mobilenet_v1(Many(g, 8), 96, 0.25)),
    "squeezenet_v11_b8_224": ("CNN", lambda g: squeezenet11(Many(g, 8), 224)),
    "resnet34_b2_256": ("CNN", lambda g: resnet(g, 256, (3, 4, 6, 3), False, batch=2)),
    "repvgg_a1_b2_224": ("CNN", lambda g: repvgg(Many(g, 2), 224, (64, 64, 128, 256, 1280), (2, 4, 14, 1))),
    "efficientnet_lite1_240": ("CNN", lambda g: mob.efficientnet(g, 240, 1.0, 1.1, True)),
    "mobilenet_v2_b2_224": ("CNN", lambda g: mob.mobilenet_v2(Many(g, 2), 224, 1.0)),
    "movenet_256": ("CNN", lambda g: movenet(g, 256)),
    "unet_r34_224": ("CNN", lambda g: unet_r34(g, 224)),
    "iresnet18_b8_112": ("CNN", lambda g: iresnet(Many(g, 8), 112, (2, 2, 2, 2))),
    "superpoint_480x640": ("CNN", lambda g: superpoint(g, 480, 640)),
    "yolov5n_512": ("CNN", lambda g: yolov5(g, 512, 16, 1)),
    "pp_liteseg_512": ("CNN", lambda g: pp_liteseg(g, 512, 512)),
    "yolov7_tiny_416": ("CNN", lambda g: aggregated(g, 416)),
    "yolov8n_b2_416": ("CNN", lambda g: yolov8(g, 416, 16, 1, batch=2)),
}  # fmt: skip
