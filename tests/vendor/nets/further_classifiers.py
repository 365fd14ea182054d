"""Classifiers and detectors over two and four images, drawn for the rules of batches; known families."""

from tests.vendor.builder import Builder
from tests.vendor.nets import mobile as mob
from tests.vendor.nets.common_classifiers import squeezenet11, vgg
from tests.vendor.nets.everyday_detectors import yolov8
from tests.vendor.nets.everyday_pieces import activated, classified, relu, resnet
from tests.vendor.nets.familiar_known import Many
from tests.vendor.nets.usual_classifiers import dla34, inception_v3, iresnet
from tests.vendor.nets.usual_pieces import pooled


def person_attributes(g: Builder, n: int, h: int, w: int) -> str:
    """Attributes of people: four strided stages of 3 x 3, two convolutions each, 26 outputs."""
    x, a = activated(g, g.input(n, 3, h, w), 3, 32, 3, 2, act=relu), 32
    for b in (48, 96, 192):
        x = activated(g, activated(g, pooled(g, x, 2, 2), a, b, 3, act=relu), b, b, 3, act=relu)
        a = b
    return classified(g, x, a, 26)


FURTHER_CLASSIFIERS = {
    "inception_v3_b2_299": ("CNN", lambda g: inception_v3(Many(g, 2))),
    "iresnet18_b2_112": ("CNN", lambda g: iresnet(Many(g, 2), 112, (2, 2, 2, 2))),
    "mobilenet_v3l_b2_224": ("CNN", lambda g: mob.mobilenet_v3_large(Many(g, 2), 224)),
    "mnasnet_b4_224": ("CNN", lambda g: mob.mnasnet(Many(g, 4), 224, 1.0)),
    "squeezenet_v11_b2_224": ("CNN", lambda g: squeezenet11(Many(g, 2), 224)),
    "vgg11_b2_128": ("CNN", lambda g: vgg(Many(g, 2), 128, ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)))),
    "dla34_b2_192": ("CNN", lambda g: dla34(Many(g, 2), 192)),
    "resnet50_b2_192": ("CNN", lambda g: resnet(g, 192, (3, 4, 6, 3), batch=2)),
    "resnet18_b4_256": ("CNN", lambda g: resnet(g, 256, (2, 2, 2, 2), False, batch=4)),
    "mobilenet_v1_b2_192": ("CNN", lambda g: mob.mobilenet_v1(Many(g, 2), 192, 1.0)),
    "yolov8n_b2_320": ("CNN", lambda g: yolov8(g, 320, 16, 1, batch=2)),
    "person_attributes_b2_256x128": ("CNN", lambda g: person_attributes(g, 2, 256, 128)),
}  # fmt: skip
