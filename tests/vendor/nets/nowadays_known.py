"""Convolutional networks of these tables in their other published sizes, widths and depths."""

from tests.vendor.nets import mobile as mob
from tests.vendor.nets.common_classifiers import regnet
from tests.vendor.nets.common_large_classifiers import convnext
from tests.vendor.nets.common_maps import bisenet_v1
from tests.vendor.nets.everyday_detectors import yolo11, yolov8
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.everyday_small_detectors import rtmdet
from tests.vendor.nets.usual_classifiers import iresnet
from tests.vendor.nets.usual_detectors import nanodet_plus, picodet
from tests.vendor.nets.usual_small_classifiers import shufflenet2

NOWADAYS_KNOWN = {
    "mobilenet_v2_224": ("CNN", lambda g: mob.mobilenet_v2(g, 224, 1.0)),
    "shufflenet_v2_x05_224": ("CNN", lambda g: shufflenet2(g, 224, (48, 96, 192))),
    "yolov8n_seg_640": ("CNN", lambda g: yolov8(g, 640, 16, 1, True)),
    "nanodet_plus_320": ("CNN", lambda g: nanodet_plus(g, 320)),
    "picodet_m_416": ("CNN", lambda g: picodet(g, 416, 1.0, 128)),
    "yolo11s_640": ("CNN", lambda g: yolo11(g, 640, 32)),
    "rtmdet_tiny_640": ("CNN", lambda g: rtmdet(g, 640)),
    "regnet_y_1g6_224": ("CNN", lambda g: regnet(g, 224, (48, 120, 336, 888), (2, 6, 17, 2), 24, True)),
    "convnext_small_224": ("CNN", lambda g: convnext(g, 224, (96, 192, 384, 768), (3, 3, 27, 3))),
    "resnet101_256": ("CNN", lambda g: resnet(g, 256, (3, 4, 23, 3))),
    "iresnet100_112": ("CNN", lambda g: iresnet(g, 112, (3, 13, 30, 3))),
    "face_parsing_r18_512": ("CNN", lambda g: bisenet_v1(g, 512, 512)),
    "yolov8n_b2_640": ("CNN", lambda g: yolov8(g, 640, 16, 1, batch=2)),
}  # fmt: skip
