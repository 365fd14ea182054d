"""Well-known architectures at usual and unusual sizes, and some rarer ones."""

from tests.vendor.nets import attention_kinds as ha
from tests.vendor.nets import classifiers as c
from tests.vendor.nets import detection as d
from tests.vendor.nets import grouped_states as q
from tests.vendor.nets import image_to_image as i
from tests.vendor.nets import images as w
from tests.vendor.nets import linear_attention as l
from tests.vendor.nets import picture_kinds as hp
from tests.vendor.nets import segmentation as e
from tests.vendor.nets import sequences as s
from tests.vendor.nets import small_kinds as hm
from tests.vendor.nets import sound as o
from tests.vendor.nets import state_kinds as hs
from tests.vendor.nets import state_space as m
from tests.vendor.nets import text as x
from tests.vendor.nets import transformer_kinds as ht
from tests.vendor.nets import transformers as t
from tests.vendor.nets import vision as v
from tests.vendor.nets import vision_kinds as hv

M370 = m.Sizes(1024, 32, 64, 128, 256)
M780 = m.Sizes(1536, 48, 64, 128, 256)
NANO = m.Sizes(384, 12, 64, 64, 128)
LOCAL = m.Sizes(512, 16, 64, 64, 64)

ORDINARY = {
    "deit_tiny_224": ("transformer", lambda g: ht.distilled(g, 224, 16, 3, 4)),
    "mobilenet_v1_224": ("CNN", lambda g: hv.separable_chain(g, 224)),
    "mamba1_step_x2": ("SSM", lambda g: hs.mamba_token(g, 768, 2)),
    "gpt2_192": ("transformer", lambda g: ht.packed_gpt(g, 192, 12, 1)),
    "resnet50_192": ("CNN", lambda g: hv.bottlenecks(g, 192, (3, 4, 6, 3))),
    "gru_stack_t40": ("recurrent", lambda g: hs.stacked(g, "GRU", 40, 80, 320, 2)),
    "yolov5n_416": ("CNN", lambda g: hv.anchored(g, 416, 16)),
    "bert_mini_96": ("transformer", lambda g: ht.small_bert(g, 96, 4, 4)),
    "mamba2_370m_L512": ("SSM", lambda g: m.mamba2(g, 512, M370)),
    "unet_bilinear_192": ("CNN", lambda g: hv.bilinear_unet(g, 192, 32)),
    "clip_image_b32": ("transformer", lambda g: ht.image_tower(g, 224, 32, 12, 2)),
    "rwkv4_step_x2": ("SSM", lambda g: hs.weighted_keys(g, 1, 768, 2)),
    "efficientnet_b0_224": ("CNN", lambda g: hv.compound(g, 224)),
    "distilbert_160_x2": ("transformer", lambda g: ht.masked_encoder(g, 160, 12, 2)),
    "crnn_160": ("recurrent", lambda g: hs.text_line(g, 160, 128)),
    "ssd_mobilenet_300": ("CNN", lambda g: hv.light_single_shot(g, 300)),
    "gpt2_step_384": ("transformer", lambda g: ht.packed_gpt(g, 1, 12, 2, 384)),
    "mamba2_780m_step": ("SSM", lambda g: m.mamba2_token(g, M780)),
    "espcn_224_x3": ("CNN", lambda g: hv.subpixels(g, 224, 3)),
    "whisper_tiny_enc_400": ("transformer", lambda g: ht.sound_encoder(g, 800, 6, 2)),
    "lstm_stack_t30": ("recurrent", lambda g: hs.stacked(g, "LSTM", 30, 40, 192, 3)),
    "densenet_bn_160": ("CNN", lambda g: hv.dense(g, 160, (6, 12))),
    "stories15m_128": ("transformer", lambda g: ht.stories(g, 128, 6, 48, 768, 3)),
    "mamba2_nano_L896": ("SSM", lambda g: m.mamba2(g, 896, NANO)),
    "mobilenet_v2_w75_192": ("CNN", lambda g: hv.inverted(g, 192, 0.75)),
    "swin_nano_112": ("transformer", lambda g: ht.shifted_windows(g, 112, 2)),
    "s5_scan_256": ("SSM", lambda g: hs.complex_scan(g, 256, 256, 128)),
    "pose_256x192": ("CNN", lambda g: hv.keypoints(g, 256, 192)),
    "t5_enc_224_x2": ("transformer", lambda g: ht.bucketed(g, 224, 8, 1024, 2)),
    "local_hybrid_L320": ("SSM", lambda g: hs.local_hybrid(g, 320, LOCAL, 8, 128)),
    "convmixer_224": ("CNN", lambda g: hp.patch_mixer(g, 224, 256, 4)),
    "poolformer_160": ("transformer", lambda g: ha.pooled_mixer(g, 160, 48)),
    "slstm_t16": ("recurrent", lambda g: hs.scalar_memory(g, 16, 4, 128)),
    "hourglass_192": ("CNN", lambda g: hp.hourglass(g, 192, 128)),
    "patchtst_336": ("transformer", lambda g: ha.patched_series(g, 7, 336, 8, 3)),
    "fast_scnn_320": ("CNN", lambda g: hp.fast_segmentation(g, 320)),
    "albert_128_x3": ("transformer", lambda g: ht.masked_encoder(g, 128, 12, 3, True)),
    "mamba1_L40": ("SSM", lambda g: m.mamba1(g, 40, 1024)),
    "autoencoder_128": ("CNN", lambda g: hp.autoencoder(g, 128, 32, 256)),
    "vgg16_96": ("CNN", lambda g: hv.sixteen_layers(g, 96, 2048)),
    "lru_step_x4": ("SSM", lambda g: hs.complex_tokens(g, 768, 384, 4)),
    "repvgg_a0_192": ("CNN", lambda g: hp.plain_blocks(g, 192, (48, 48, 96, 192, 1280), (2, 4, 14, 1))),
    "res2net_224": ("CNN", lambda g: hp.hierarchy(g, 224, 64)),
    "deberta_128": ("transformer", lambda g: ha.disentangled(g, 128, 6, 1)),
    "rwkv4_L12": ("SSM", lambda g: hs.weighted_keys(g, 12, 512, 1)),
}  # fmt: skip

#: Families of the tables at other sizes.
OTHER_SIZES = {
    "resnet18_288": ("CNN", lambda g: v.resnet(g, 288, 2)),
    "detector_384": ("CNN", lambda g: d.anchor_free(g, 384, 24)),
    "bert_320": ("transformer", lambda g: t.bert(g, 320, 10, 1)),
    "mamba2_mid_L640": ("SSM", lambda g: m.mamba2(g, 640, m.Sizes(640, 20, 64, 64, 128))),
    "inception_160": ("CNN", lambda g: c.inception(g, 160)),
    "vit_384": ("transformer", lambda g: t.vit(g, 384, 32, 6, 2)),
    "gru_192_t80": ("recurrent", lambda g: s.gru(g, 80, 96, 192, False)),
    "regnet_160": ("CNN", lambda g: c.regnet(g, 160, (32, 64, 160, 384), (1, 2, 3, 2), 16)),
    "t5_96_48": ("transformer", lambda g: x.text_to_text(g, 96, 48, 384, 6, 1024)),
    "mamba2_groups_L384": ("SSM", lambda g: q.grouped(g, 384, q.Grouped(768, 24, 64, 2, 64, 128))),
    "unet_seg_288": ("CNN", lambda g: v.unet(g, 288, 20, 4)),
    "perceiver_1024": ("transformer", lambda g: w.latents(g, 1024, 128, 64, 512)),
    "esrgan_128": ("CNN", lambda g: i.residual_dense(g, 128, 32, 16)),
    "rwkv6_step_wide": ("SSM", lambda g: l.receptance(g, 1, 20)),
    "conformer_320": ("transformer", lambda g: o.conformer(g, 320, 8, 32)),
    "deeplab_320": ("CNN", lambda g: e.deeplab(g, 320, 32)),
    "convmixer_256_w128": ("CNN", lambda g: hp.patch_mixer(g, 256, 128, 4, 7, 8)),
    "mobilenet_v1_w50_256": ("CNN", lambda g: hv.separable_chain(g, 256, 0.5)),
    "mobilenet_v2_w50_224": ("CNN", lambda g: hv.inverted(g, 224, 0.5)),
    "efficientnet_lite0_320": ("CNN", lambda g: hm.efficientnet_lite0(g, 320)),
}  # fmt: skip
ORDINARY |= OTHER_SIZES
