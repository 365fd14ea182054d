"""Convolutional networks of these tables at other sizes, widths and batches."""

from tests.vendor.nets import mobile as mob
from tests.vendor.nets.common_people import rtmpose
from tests.vendor.nets.everyday_detectors import yolo11, yolov8
from tests.vendor.nets.everyday_maps import deeplab_mnv2, unet_r34
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.everyday_small_detectors import retinaface, yolov6n
from tests.vendor.nets.familiar_known import Many
from tests.vendor.nets.image_to_image import residual_dense
from tests.vendor.nets.known_detectors import simple_pose
from tests.vendor.nets.recent_detectors import ssd_fpnlite
from tests.vendor.nets.usual_maps import lraspp
from tests.vendor.nets.usual_yolos import yolov10n

NEWEST_KNOWN = {
    "retinaface_m025_320": ("CNN", lambda g: retinaface(g, 320)),
    "yolo11n_448": ("CNN", lambda g: yolo11(g, 448)),
    "deeplabv3_mnv2_257": ("CNN", lambda g: deeplab_mnv2(g, 257)),
    "mobilenet_v2_w50_b8_160": ("CNN", lambda g: mob.mobilenet_v2(Many(g, 8), 160, 0.5)),
    "resnet18_b8_224": ("CNN", lambda g: resnet(g, 224, (2, 2, 2, 2), False, batch=8)),
    "yolov10n_320": ("CNN", lambda g: yolov10n(g, 320)),
    "simple_pose_r18_b4": ("CNN", lambda g: simple_pose(g, 4)),
    "efficientnet_b0_b4_224": ("CNN", lambda g: mob.efficientnet(Many(g, 4), 224, 1.0, 1.0)),
    "yolov6n_640": ("CNN", lambda g: yolov6n(g, 640)),
    "rtmpose_s_384x288": ("CNN", lambda g: rtmpose(g, 384, 288)),
    "mobilenet_v3l_b8_224": ("CNN", lambda g: mob.mobilenet_v3_large(Many(g, 8), 224)),
    "lraspp_mnv3_512": ("CNN", lambda g: lraspp(g, 512)),
    "yolov8n_b2_512": ("CNN", lambda g: yolov8(g, 512, 16, 1, batch=2)),
    "esrgan_160": ("CNN", lambda g: residual_dense(g, 160, 64, 32)),
    "ssd_mnv2_fpnlite_640": ("CNN", lambda g: ssd_fpnlite(g, 640)),
    "unet_r34_320": ("CNN", lambda g: unet_r34(g, 320)),
}  # fmt: skip
