"""Networks that everybody knows at sizes and batches at which nobody had looked at them: classifiers and detectors."""

from tests.vendor.nets import mobile as mob
from tests.vendor.nets.everyday_detectors import yolov8
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.familiar_known import Many
from tests.vendor.nets.usual_yolos import yolov3_tiny, yolox

NEWER_CLASSIFIERS = {
    "resnet50_256": ("CNN", lambda g: resnet(g, 256, (3, 4, 6, 3))),
    "resnet50_288": ("CNN", lambda g: resnet(g, 288, (3, 4, 6, 3))),
    "resnet50_384": ("CNN", lambda g: resnet(g, 384, (3, 4, 6, 3))),
    "resnet50_512": ("CNN", lambda g: resnet(g, 512, (3, 4, 6, 3))),
    "resnet34_320": ("CNN", lambda g: resnet(g, 320, (3, 4, 6, 3), False)),
    "resnet18_512": ("CNN", lambda g: resnet(g, 512, (2, 2, 2, 2), False)),
    "mobilenet_v1_320": ("CNN", lambda g: mob.mobilenet_v1(g, 320, 1.0)),
    "mobilenet_v2_b4_256": ("CNN", lambda g: mob.mobilenet_v2(Many(g, 4), 256, 1.0)),
    "mobilenet_v3l_256": ("CNN", lambda g: mob.mobilenet_v3_large(g, 256)),
    "efficientnet_b0_256": ("CNN", lambda g: mob.efficientnet(g, 256, 1.0, 1.0)),
    "yolov8n_256": ("CNN", lambda g: yolov8(g, 256, 16, 1)),
    "yolox_tiny_320": ("CNN", lambda g: yolox(g, 320, 24, 1)),
    "yolov3_tiny_416": ("CNN", lambda g: yolov3_tiny(g, 416)),
}  # fmt: skip
