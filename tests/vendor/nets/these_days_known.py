"""Convolutional networks of these tables in their other published sizes, widths and depths."""

from tests.vendor.nets.common_classifiers import regnet
from tests.vendor.nets.common_small_classifiers import efficientnet_v2_s
from tests.vendor.nets.everyday_detectors import yolov5, yolov8
from tests.vendor.nets.everyday_pictures import srvgg
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.everyday_small_detectors import rtmdet
from tests.vendor.nets.gated_images import responses
from tests.vendor.nets.mobile import mnasnet
from tests.vendor.nets.usual_pictures import monodepth2

THESE_DAYS_KNOWN = {
    "regnet_x_400mf_224": ("CNN", lambda g: regnet(g, 224, (32, 64, 160, 400), (1, 2, 7, 12), 16, False)),
    "convnextv2_nano_224": ("CNN", lambda g: responses(g, 224, (80, 160, 320, 640), (2, 2, 8, 2))),
    "realesr_general_x4_128": ("CNN", lambda g: srvgg(g, 128, 32)),
    "rtmdet_s_640": ("CNN", lambda g: rtmdet(g, 640, 32)),
    "yolov8s_seg_640": ("CNN", lambda g: yolov8(g, 640, 32, 1, True)),
    "monodepth2_320x1024": ("CNN", lambda g: monodepth2(g, 320, 1024)),
    "mnasnet_w130_224": ("CNN", lambda g: mnasnet(g, 224, 1.3)),
    "resnet152_224": ("CNN", lambda g: resnet(g, 224, (3, 8, 36, 3))),
    "efficientnet_v2_s_384": ("CNN", lambda g: efficientnet_v2_s(g, 384)),
    "yolov5m_640": ("CNN", lambda g: yolov5(g, 640, 48, 2)),
}  # fmt: skip
