"""Networks of these tables at other sizes, widths and batches."""

from tests.vendor.nets import mobile as mob
from tests.vendor.nets import small_kinds as sk
from tests.vendor.nets.everyday_detectors import yolov8
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.familiar_known import Many
from tests.vendor.nets.newer_states import goose
from tests.vendor.nets.popular_states import mamba2_step_b
from tests.vendor.nets.state_space import Sizes
from tests.vendor.nets.usual_classifiers import iresnet
from tests.vendor.nets.usual_points import dbnet, ocr_rec

LATEST_KNOWN = {
    "mobilenet_v1_b4_224": ("CNN", lambda g: mob.mobilenet_v1(Many(g, 4), 224, 1.0)),
    "resnet34_b4_224": ("CNN", lambda g: resnet(g, 224, (3, 4, 6, 3), False, batch=4)),
    "efficientnet_lite0_b4_224": ("CNN", lambda g: sk.efficientnet_lite0(Many(g, 4), 224)),
    "mamba2_130m_step_b8_x2": ("SSM", lambda g: mamba2_step_b(g, 8, Sizes(), 2)),
    "rwkv7_step_w4096_x1": ("SSM", lambda g: goose(g, 64, 1)),
    "iresnet34_112": ("CNN", lambda g: iresnet(g, 112, (3, 4, 6, 3))),
    "mnasnet_b8_224": ("CNN", lambda g: mob.mnasnet(Many(g, 8), 224, 1.0)),
    "ocr_rec_48x640": ("CNN", lambda g: ocr_rec(g, 48, 640)),
    "yolov8n_512": ("CNN", lambda g: yolov8(g, 512, 16, 1)),
    "dbnet_mnv3_480": ("CNN", lambda g: dbnet(g, 480)),
}  # fmt: skip
