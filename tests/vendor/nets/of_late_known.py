"""Convolutional networks of these tables at other sizes and batches."""

from tests.vendor.nets import mobile as mob
from tests.vendor.nets import small_kinds as small
from tests.vendor.nets.everyday_detectors import yolo11, yolov5, yolov8
from tests.vendor.nets.everyday_maps import deeplab_mnv2, unet_r34
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.everyday_small_detectors import retinaface
from tests.vendor.nets.familiar_known import Many
from tests.vendor.nets.image_to_image import residual_dense
from tests.vendor.nets.known_detectors import simple_pose
from tests.vendor.nets.small_detectors import aggregated
from tests.vendor.nets.usual_detectors import ssdlite_v3
from tests.vendor.nets.usual_yolos import yolov9t, yolox

OF_LATE_KNOWN = {
    "resnet18_b2_320": ("CNN", lambda g: resnet(g, 320, (2, 2, 2, 2), False, batch=2)),
    "mobilenet_v3s_b2_256": ("CNN", lambda g: small.mobilenet_v3_small(Many(g, 2), 256)),
    "mobilenet_v2_b2_320": ("CNN", lambda g: mob.mobilenet_v2(Many(g, 2), 320, 1.0)),
    "yolov5s_384": ("CNN", lambda g: yolov5(g, 384, 32, 1)),
    "yolov8n_384": ("CNN", lambda g: yolov8(g, 384, 16, 1)),
    "ssdlite_mnv3_384": ("CNN", lambda g: ssdlite_v3(g, 384)),
    "retinaface_m025_480": ("CNN", lambda g: retinaface(g, 480)),
    "simple_pose_r18_b8": ("CNN", lambda g: simple_pose(g, 8)),
    "resnet50_b2_256": ("CNN", lambda g: resnet(g, 256, (3, 4, 6, 3), batch=2)),
    "yolo11s_384": ("CNN", lambda g: yolo11(g, 384, 32)),
    "deeplabv3_mnv2_385": ("CNN", lambda g: deeplab_mnv2(g, 385)),
    "yolov7_tiny_512": ("CNN", lambda g: aggregated(g, 512)),
    "yolox_s_416": ("CNN", lambda g: yolox(g, 416, 32, 1)),
    "efficientnet_b0_b8_224": ("CNN", lambda g: mob.efficientnet(Many(g, 8), 224, 1.0, 1.0)),
    "unet_r34_384": ("CNN", lambda g: unet_r34(g, 384)),
    "yolov9t_448": ("CNN", lambda g: yolov9t(g, 448)),
    "esrgan_80": ("CNN", lambda g: residual_dense(g, 80, 64, 32)),
}  # fmt: skip
