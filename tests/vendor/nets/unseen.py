"""Ordinary networks that nobody had looked at when the rules were done (November 2026)."""

from tests.vendor.nets import classifiers as c
from tests.vendor.nets import detection as d
from tests.vendor.nets import small_kinds as hm
from tests.vendor.nets import state_space as m
from tests.vendor.nets import transformer_kinds as ht
from tests.vendor.nets import transformers as t
from tests.vendor.nets import vision as v
from tests.vendor.nets import vision_kinds as hv

M370 = m.Sizes(1024, 32, 64, 128, 256)
MINI = m.Sizes(512, 16, 64, 128, 128)
LITTLE = m.Sizes(512, 16, 64, 64, 64)

UNSEEN = {
    "srcnn_240": ("CNN", lambda g: hm.srcnn(g, 240)),
    "mamba2_370m_step_x2": ("SSM", lambda g: m.mamba2_token(g, M370, 2)),
    "bert_small_160_x2": ("transformer", lambda g: ht.small_bert(g, 160, 8, 2)),
    "squeezenet_192": ("CNN", lambda g: c.squeezenet(g, 192)),
    "vit_s16_160_x3": ("transformer", lambda g: t.vit(g, 160, 16, 6, 3)),
    "mamba2_mini_L384": ("SSM", lambda g: m.mamba2(g, 384, MINI)),
    "resnet26_176": ("CNN", lambda g: hv.bottlenecks(g, 176, (2, 2, 2, 2))),
    "gpt2_128_x2": ("transformer", lambda g: ht.packed_gpt(g, 128, 12, 2)),
    "mobilenet_v1_w75_160": ("CNN", lambda g: hv.separable_chain(g, 160, 0.75)),
    "mobilenet_v3s_224": ("CNN", lambda g: hm.mobilenet_v3_small(g, 224)),
    "yolov3_tiny_352": ("CNN", lambda g: hm.tiny_yolo(g, 352)),
    "distilbert_96_x3": ("transformer", lambda g: ht.masked_encoder(g, 96, 12, 3)),
    "hybrid_L320": ("SSM", lambda g: m.hybrid(g, 320, LITTLE, 8)),
    "efficientnet_lite0_224": ("CNN", lambda g: hm.efficientnet_lite0(g, 224)),
    "llama_192_x2": ("transformer", lambda g: ht.stories(g, 192, 8, 64, 1376, 2, 8000)),
    "unet32_160": ("CNN", lambda g: v.unet(g, 160, 32, 4)),
    "deit_s_192_x2": ("transformer", lambda g: ht.distilled(g, 192, 16, 6, 2)),
    "shufflenet_v2_192": ("CNN", lambda g: hm.shufflenet_v2(g, 192)),
    "mamba1_L24": ("SSM", lambda g: m.mamba1(g, 24, 768)),
    "fcn8s_192": ("CNN", lambda g: hm.fcn8s(g, 192)),
    "whisper_base_enc_300": ("transformer", lambda g: ht.sound_encoder(g, 600, 8, 2)),
    "yolov8n_320": ("CNN", lambda g: d.anchor_free(g, 320, 16)),
    "googlenet_192": ("CNN", lambda g: hm.googlenet(g, 192)),
    "swin_t_224_2stages": ("transformer", lambda g: ht.shifted_windows(g, 224, 3, 2)),
    "regnety_400mf_208": ("CNN", lambda g: c.regnet(g, 208, (48, 104, 208, 440), (1, 3, 6, 6), 8)),
    "ssdlite_256": ("CNN", lambda g: hm.ssdlite(g, 256)),
}  # fmt: skip
