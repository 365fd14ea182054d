"""Networks of these tables at other sizes, widths and batches."""

from tests.vendor.nets import mobile as mob
from tests.vendor.nets import small_kinds as sk
from tests.vendor.nets.alternating_states import short_step
from tests.vendor.nets.everyday_detectors import yolov5, yolov8
from tests.vendor.nets.everyday_pieces import resnet
from tests.vendor.nets.familiar_known import Many
from tests.vendor.nets.known_states import mamba1_step_b
from tests.vendor.nets.language import Model
from tests.vendor.nets.state_space import Sizes, mamba2
from tests.vendor.nets.usual_classifiers import iresnet, repvgg

RECENT_KNOWN = {
    "resnet18_b4_224": ("CNN", lambda g: resnet(g, 224, (2, 2, 2, 2), False, batch=4)),
    "mobilenet_v2_b4_160": ("CNN", lambda g: mob.mobilenet_v2(Many(g, 4), 160, 1.0)),
    "mamba1_790m_step_b2_x1": ("SSM", lambda g: mamba1_step_b(g, 2, 1536, 1)),
    "mobilenet_v3s_b4_224": ("CNN", lambda g: sk.mobilenet_v3_small(Many(g, 4), 224)),
    "efficientnet_lite2_260": ("CNN", lambda g: mob.efficientnet(g, 260, 1.1, 1.2, True)),
    "lfm2_1b2_step_1536": ("SSM", lambda g: short_step(g, 2048, 8192, Model(2048, 32, 8, 64, 8192), 1536)),
    "repvgg_a0_b4_224": ("CNN", lambda g: repvgg(Many(g, 4), 224, (48, 48, 96, 192, 1280), (2, 4, 14, 1))),
    "iresnet50_b4_112": ("CNN", lambda g: iresnet(Many(g, 4), 112, (3, 4, 14, 3))),
    "yolov5s_512": ("CNN", lambda g: yolov5(g, 512, 32, 1)),
    "yolov8n_640": ("CNN", lambda g: yolov8(g, 640, 16, 1)),
    "mamba2_370m_c64_L384": ("SSM", lambda g: mamba2(g, 384, Sizes(1024, 32, 64, 128, 64))),
}  # fmt: skip
