"""Networks of these tables at other sizes, widths and batches."""

from tests.vendor.nets.common_classifiers import regnet
from tests.vendor.nets.common_detectors import ppyoloe
from tests.vendor.nets.common_large_classifiers import convnext
from tests.vendor.nets.common_yolos import yolov8_pose
from tests.vendor.nets.daily_detectors import yolo12n
from tests.vendor.nets.daily_maps import modnet, ppocr_det
from tests.vendor.nets.everyday_detectors import yolov8
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.familiar_detectors import pointpillars
from tests.vendor.nets.familiar_known import Many
from tests.vendor.nets.familiar_maps import nnunet, segnext_t
from tests.vendor.nets.familiar_pictures import alike_t
from tests.vendor.nets.mobile import efficientnet
from tests.vendor.nets.usual_classifiers import densenet
from tests.vendor.nets.usual_detectors import centernet_r18, picodet
from tests.vendor.nets.usual_maps import pp_liteseg
from tests.vendor.nets.usual_pictures import taesd
from tests.vendor.nets.usual_yolos import yolov10n

POPULAR_KNOWN = {
    "resnet34_b8_224": ("CNN", lambda g: resnet(g, 224, (3, 4, 6, 3), False, batch=8)),
    "picodet_s_416": ("CNN", lambda g: picodet(g, 416)),
    "pp_liteseg_512x1024": ("CNN", lambda g: pp_liteseg(g, 512, 1024)),
    "efficientnet_b4_320": ("CNN", lambda g: efficientnet(g, 320, 1.4, 1.8)),
    "alike_t_480x640": ("CNN", lambda g: alike_t(g, 480, 640)),
    "yolov10n_640": ("CNN", lambda g: yolov10n(g, 640)),
    "densenet121_b2_224": ("CNN", lambda g: densenet(Many(g, 2), 224, 32, (6, 12, 24, 16))),
    "taesd_dec_64": ("CNN", lambda g: taesd(g, 64)),
    "regnet_y_3g2_224": ("CNN", lambda g: regnet(g, 224, (72, 216, 576, 1512), (2, 5, 13, 1), 24, True)),
    "yolov8n_b4_320": ("CNN", lambda g: yolov8(g, 320, 16, 1, batch=4)),
    "convnext_pico_288": ("CNN", lambda g: convnext(g, 288, (64, 128, 256, 512), (2, 2, 6, 2))),
    "ppocr_v4_det_640": ("CNN", lambda g: ppocr_det(g, 640)),
    "yolov8n_pose_640": ("CNN", lambda g: yolov8_pose(g, 640)),
    "segnext_t_512": ("CNN", lambda g: segnext_t(g, 512)),
    "pointpillars_496x432": ("CNN", lambda g: pointpillars(g, 496, 432)),
    "ppyoloe_s_640": ("CNN", lambda g: ppyoloe(g, 640)),
    "modnet_512": ("CNN", lambda g: modnet(g, 512)),
    "centernet_r18_512": ("CNN", lambda g: centernet_r18(g, 512)),
    "yolo12n_640": ("CNN", lambda g: yolo12n(g, 640)),
    "nnunet_2d_320": ("CNN", lambda g: nnunet(g, 320)),
}  # fmt: skip
