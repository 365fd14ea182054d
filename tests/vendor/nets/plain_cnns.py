"""Sixteen classifiers and detectors nobody had looked at (November 2026): other cells, sizes, widths and batches."""

from tests.vendor.nets import box_kinds as hb
from tests.vendor.nets import branch_kinds as hr
from tests.vendor.nets import cell_kinds as hk

PLAIN_CNNS = {
    "resnet50d_200": ("CNN", lambda g: hk.deep_stem(g, 200, (64, 128, 256, 512), 2)),
    "dual_path_184": ("CNN", lambda g: hk.two_path_cells(g, 184, 64, 8, (1, 2, 2))),
    "nasnet_176": ("CNN", lambda g: hk.searched_cells(g, 176, 32, 4)),
    "blazeface_128": ("CNN", lambda g: hb.face_boxes(g, 128)),
    "yolov4_tiny_352": ("CNN", lambda g: hb.partial_stages(g, 352, 32)),
    "se_resnext_b4_120": ("CNN", lambda g: hk.gated_groups(g, 120, 4, 128, 32)),
    "vgg11_b4_96": ("CNN", lambda g: hk.eleven_layers(g, 96, 4, 1024)),
    "vgg11_232": ("CNN", lambda g: hk.eleven_layers(g, 232, 1, 512)),
    "bifpn_256": ("CNN", lambda g: hb.weighed_pyramid(g, 256, 64, 2)),
    "wide_resnet_b4_32": ("CNN", lambda g: hk.wide_residual(g, 32, 4, 64, 2)),
    "hardnet_236": ("CNN", lambda g: hk.harmonic(g, 236, (8, 16, 8), (14, 16, 20))),
    "retinanet_224x352": ("CNN", lambda g: hb.shared_heads(g, 224, 352, 128)),
    "inception_resnet_165": ("CNN", lambda g: hr.branches_added(g, 165)),
    "lcnet_w75_248": ("CNN", lambda g: hr.light_hard(g, 248, 0.75)),
    "convnext_relu6_168": ("CNN", lambda g: hr.responses_normed(g, 168, 72, (2, 2, 2))),
    "nanodet_288": ("CNN", lambda g: hb.ghost_detector(g, 288, 96)),
}  # fmt: skip
