"""Convolutional networks of these tables at other sizes, widths and batches."""

from tests.vendor.builder import Builder
from tests.vendor.nets import mobile as mob
from tests.vendor.nets import small_kinds as small
from tests.vendor.nets.common_maps import deeplabv3_r50
from tests.vendor.nets.daily_pieces import boxes_in_a_row
from tests.vendor.nets.everyday_detectors import yolo11, yolov5, yolov8
from tests.vendor.nets.everyday_maps import unet_r34
from tests.vendor.nets.everyday_pictures import srvgg
from tests.vendor.nets.everyday_pieces import activated, concat, relu, resnet
from tests.vendor.nets.familiar_known import Many
from tests.vendor.nets.layers import conv, enlarged
from tests.vendor.nets.popular_pieces import doubled
from tests.vendor.nets.usual_yolos import yolov9t, yolov10n


def retinaface_r50(g: Builder, e: int, w: int = 256) -> list[str]:
    """RetinaFace on ResNet-50: a pyramid of 256 channels, three context modules, boxes, scores and points."""
    c = lambda t, a, b, k: relu(g, conv(g, t, a, b, k))
    p = [c(t, a, w, 1) for t, a in resnet(g, e, (3, 4, 6, 3), feats=True)[1:]]
    p[1] = c(g.op("Add", p[1], enlarged(g, p[2], 2, "nearest")), w, w, 3)
    p[0] = c(g.op("Add", p[0], enlarged(g, p[1], 2, "nearest")), w, w, 3)
    outs: dict[int, list[str]] = {4: [], 2: [], 10: []}
    for j, t in enumerate(p):
        a, u = conv(g, t, w, w // 2, 3), activated(g, t, w, w // 4, 3, act=relu)
        v = activated(g, u, w // 4, w // 4, 3, act=relu)
        t = relu(g, concat(g, a, conv(g, u, w // 4, w // 4, 3), conv(g, v, w // 4, w // 4, 3)))
        for k, own in outs.items():
            own.append(boxes_in_a_row(g, conv(g, t, w, 2 * k, 1), 2 * (e // (8 << j)) ** 2, k))
    boxes, scores, points = (concat(g, *own) for own in outs.values())
    return [boxes, g.op("Softmax", scores, axis=-1), points]


def simple_pose_r50(g: Builder, h: int, joints: int = 17) -> str:
    """SimpleBaseline on ResNet-50: three transposed convolutions behind bottlenecks."""
    x, ci = resnet(g, h, (3, 4, 6, 3), feats=True)[-1]
    for _ in range(3):
        x, ci = doubled(g, x, ci, 256, relu), 256
    return conv(g, x, 256, joints, 1)


LATELY_KNOWN = {
    "mobilenet_v3s_b8_224": ("CNN", lambda g: small.mobilenet_v3_small(Many(g, 8), 224)),
    "mobilenet_v2_b4_224": ("CNN", lambda g: mob.mobilenet_v2(Many(g, 4), 224, 1.0)),
    "resnet50_b2_224": ("CNN", lambda g: resnet(g, 224, (3, 4, 6, 3), batch=2)),
    "ssdlite_mnv2_300": ("CNN", lambda g: small.ssdlite(g, 300)),
    "yolov5s_416": ("CNN", lambda g: yolov5(g, 416, 32, 1)),
    "yolov8s_b2_320": ("CNN", lambda g: yolov8(g, 320, 32, 1, batch=2)),
    "efficientnet_b1_b2_240": ("CNN", lambda g: mob.efficientnet(Many(g, 2), 240, 1.0, 1.1)),
    "resnet34_384": ("CNN", lambda g: resnet(g, 384, (3, 4, 6, 3), False)),
    "retinaface_r50_320": ("CNN", lambda g: retinaface_r50(g, 320)),
    "simple_pose_r50_256": ("CNN", lambda g: simple_pose_r50(g, 256)),
    "yolov10n_512": ("CNN", lambda g: yolov10n(g, 512)),
    "yolov9t_512": ("CNN", lambda g: yolov9t(g, 512)),
    "yolo11s_512": ("CNN", lambda g: yolo11(g, 512, 32)),
    "unet_r34_b2_256": ("CNN", lambda g: unet_r34(Many(g, 2), 256)),
    "deeplabv3_r50_256": ("CNN", lambda g: deeplabv3_r50(g, 256)),
    "srvgg_x4_192": ("CNN", lambda g: srvgg(g, 192, 32)),
}  # fmt: skip
