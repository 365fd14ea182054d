"""The networks that Intel's compiler was asked about: real layers at real sizes, random weights."""

from collections.abc import Callable

import onnx

from tests.vendor.builder import Builder
from tests.vendor.compiled import half
from tests.vendor.nets import classifiers as c
from tests.vendor.nets import detection as d
from tests.vendor.nets import generation as n
from tests.vendor.nets import grouped_states as q
from tests.vendor.nets import image_to_image as i
from tests.vendor.nets import images as w
from tests.vendor.nets import language
from tests.vendor.nets import linear_attention as l
from tests.vendor.nets import mobile as k
from tests.vendor.nets import pictures as p
from tests.vendor.nets import recurrences as r
from tests.vendor.nets import residual as b
from tests.vendor.nets import segmentation as e
from tests.vendor.nets import sequences as s
from tests.vendor.nets import sound as o
from tests.vendor.nets import state_space as m
from tests.vendor.nets import text as x
from tests.vendor.nets import transformers as t
from tests.vendor.nets import vision as v
from tests.vendor.nets.common import COMMON
from tests.vendor.nets.current import CURRENT
from tests.vendor.nets.daily import DAILY
from tests.vendor.nets.enlarging import ENLARGING
from tests.vendor.nets.everyday import EVERYDAY
from tests.vendor.nets.familiar import FAMILIAR
from tests.vendor.nets.fresh import FRESH
from tests.vendor.nets.further import FURTHER
from tests.vendor.nets.held_out import HELD_OUT
from tests.vendor.nets.known import KNOWN
from tests.vendor.nets.late_classifiers import LATE_CLASSIFIERS
from tests.vendor.nets.late_pictures import LATE_PICTURES
from tests.vendor.nets.late_states import LATE_STATES
from tests.vendor.nets.lately import LATELY
from tests.vendor.nets.later import LATER
from tests.vendor.nets.latest import LATEST
from tests.vendor.nets.newer import NEWER
from tests.vendor.nets.newest import NEWEST
from tests.vendor.nets.nowadays import NOWADAYS
from tests.vendor.nets.of_late import OF_LATE
from tests.vendor.nets.ordinary import ORDINARY
from tests.vendor.nets.plain_cnns import PLAIN_CNNS
from tests.vendor.nets.popular import POPULAR
from tests.vendor.nets.quantised import OTHERS, PRODUCTS, QUANTISED, quantised
from tests.vendor.nets.recent import RECENT
from tests.vendor.nets.text_and_patches import TEXT_AND_PATCHES
from tests.vendor.nets.these_days import THESE_DAYS
from tests.vendor.nets.unseen import UNSEEN
from tests.vendor.nets.usual import USUAL

SMALL = m.Sizes(512, 16, 64, 64, 64)
BASE = m.Sizes()
SHORT = m.Sizes(chunk=64)
WIDE = m.Sizes(1024, 32, 64, 128, 128)
MID = m.Sizes(640, 20, 64, 64, 64)
THIN = m.Sizes(896, 28, 64, 64, 64)

Table = dict[str, tuple[str, Callable[[Builder], str | list[str]]]]

#: name -> (kind, what writes it). In the order they were compiled; halves by hash.
HASHED: Table = {
    "detector_608": ("CNN", lambda g: d.anchor_free(g, 608, 16)),
    "unet_mid_16": ("transformer", lambda g: n.unet_block(g, 1280, 1280, 16)),
    "waves_32000": ("CNN", lambda g: n.waves(g, 32000, 512)),
    "mamba2_L512": ("SSM", lambda g: m.mamba2(g, 512, BASE)),
    "lstm_256_t64": ("recurrent", lambda g: s.lstm(g, 64, 256, 256, False)),
    "gru_512_t32": ("recurrent", lambda g: s.gru(g, 32, 256, 512, True)),
    "dlrm_b64": ("recommendation", lambda g: s.dlrm(g, 64, 16, 32)),
    "bit_224": ("CNN", lambda g: v.bit(g, 224, 64)),
    "vit_b16_224": ("transformer", lambda g: t.vit(g, 224, 16, 12, 1)),
    "mamba2_dec": ("SSM", lambda g: m.mamba2_token(g, BASE, 2)),
    "hybrid_L128": ("SSM", lambda g: m.hybrid(g, 128, SHORT, 12)),
    "mobilenet_v3_224": ("CNN", lambda g: v.mobilenet(g, 224, 8, "hard")),
    "resnet18_224": ("CNN", lambda g: v.resnet(g, 224, 2)),
    "convnext_224": ("CNN", lambda g: v.convnext(g, 224, 96)),
    "bert_256": ("transformer", lambda g: t.bert(g, 256, 12, 1)),
    "windows_56": ("transformer", lambda g: t.windows(g, 56, 7, 3)),
    "mamba1_L32": ("SSM", lambda g: m.mamba1(g, 32, 768)),
    "mamba2_sums_L128": ("SSM", lambda g: m.mamba2(g, 128, SHORT, False)),
    "unet_up_32": ("transformer", lambda g: n.unet_block(g, 1280, 640, 32)),
    "mel_encoder_750": ("transformer", lambda g: n.mel_encoder(g, 750, 8, 1)),
    "detector_320": ("CNN", lambda g: d.anchor_free(g, 320, 32)),
    "anchors_416": ("CNN", lambda g: d.anchors(g, 416, 16)),
    "efficientnet_240": ("CNN", lambda g: v.mobilenet(g, 240, 16, "swish")),
    "gpt_512": ("transformer", lambda g: t.gpt(g, 512, 12, 1)),
    "mamba2_L2048": ("SSM", lambda g: m.mamba2(g, 2048, BASE)),
    "mamba2_wide_dec": ("SSM", lambda g: m.mamba2_token(g, WIDE)),
    "hybrid_dec_512": ("SSM", lambda g: m.cached_hybrid(g, BASE, 512)),
    "diffusion_tf_256": ("transformer", lambda g: n.diffusion_transformer(g, 256, 16)),
    "separator_2000": ("CNN", lambda g: n.separator(g, 2000, 128)),
    "unet_seg_256": ("CNN", lambda g: v.unet(g, 256, 32)),
    "upscaler_180": ("CNN", lambda g: v.upscaler(g, 180, 64, 2)),
    "densenet_224": ("CNN", lambda g: v.densenet(g, 224, 32)),
    "windows_shift_28": ("transformer", lambda g: t.windows(g, 28, 7, 6, True)),
    "relative_512": ("transformer", lambda g: t.relative(g, 512, 8, 1)),
    "caption_64": ("transformer", lambda g: t.caption(g, 64, 12, 577)),
    "mamba1_L64": ("SSM", lambda g: m.mamba1(g, 64, 512)),
    "mamba2_small_L64": ("SSM", lambda g: m.mamba2(g, 64, SMALL)),
    "mamba2_sums_L256": ("SSM", lambda g: m.mamba2(g, 256, SMALL, False)),
    "retention_1024": ("SSM", lambda g: m.gated_linear(g, 1024, 8, 64)),
    "hybrid_L512": ("SSM", lambda g: m.hybrid(g, 512, WIDE, 16)),
    "lstm_512_t20": ("recurrent", lambda g: s.lstm(g, 20, 512, 512, True)),
    "gru_256_t100": ("recurrent", lambda g: s.gru(g, 100, 128, 256, False)),
    "dlrm_b1": ("recommendation", lambda g: s.dlrm(g, 1, 26, 64)),
    "mobilenet_v2_160": ("CNN", lambda g: v.mobilenet(g, 160, 16, "relu6")),
    "resnet18_b4": ("CNN", lambda g: v.resnet(g, 160, 1, 4)),
    "resnext_256": ("CNN", lambda g: v.resnext(g, 256, 32)),
    "shufflenet_224": ("CNN", lambda g: v.shufflenet(g, 224, 128)),
    "vgg_128": ("CNN", lambda g: v.vgg(g, 128, 64)),
    "residual_608": ("CNN", lambda g: d.residual(g, 608, 32)),
    "stem_chain_608": ("CNN", lambda g: d.stem_chain(g, 608, 32)),
    "image_decoder_64": ("CNN", lambda g: n.image_decoder(g, 256, 64)),
    "conformer_400": ("CNN", lambda g: n.conformer_conv(g, 400, 256)),
    "vocoder_100": ("CNN", lambda g: n.vocoder(g, 100, 128)),
    "mixer_196": ("transformer", lambda g: s.mixer(g, 196, 512, 2)),
    "vit_s8_224": ("transformer", lambda g: t.vit(g, 224, 8, 6, 1)),
    "bert_small_64": ("transformer", lambda g: t.bert(g, 64, 4, 2)),
    "gpt_1024": ("transformer", lambda g: t.gpt(g, 1024, 16, 1)),
    "waves_tf_16000": ("transformer", lambda g: n.waves(g, 16000, 512, 1)),
    "unet_down_64": ("CNN", lambda g: n.unet_block(g, 320, 320, 64, 0)),
    "unet_seg_384": ("CNN", lambda g: v.unet(g, 384, 32)),
    "mobilenet_v2_320": ("CNN", lambda g: v.mobilenet(g, 320, 16, "relu6")),
    "residual_416": ("CNN", lambda g: d.residual(g, 416, 32)),
    "efficientnet_320": ("CNN", lambda g: v.mobilenet(g, 320, 16, "swish")),
    "mamba2_wide_L256": ("SSM", lambda g: m.mamba2(g, 256, WIDE)),
    "relative_256": ("transformer", lambda g: t.relative(g, 256, 12, 1)),
    "mamba2_small_L256": ("SSM", lambda g: m.mamba2(g, 256, SMALL)),
    "gru_384_t50": ("recurrent", lambda g: s.gru(g, 50, 256, 384, False)),
    "windows_28": ("transformer", lambda g: t.windows(g, 28, 7, 6)),
}  # fmt: skip

#: All for fitting: families of `HASHED` at other sizes, then new families.
LOOKED_AT: Table = {
    "resnet18_b2": ("CNN", lambda g: v.resnet(g, 192, 2, 2)),
    "detector_512": ("CNN", lambda g: d.anchor_free(g, 512, 16)),
    "bert_192": ("transformer", lambda g: t.bert(g, 192, 12, 1)),
    "vit_256": ("transformer", lambda g: t.vit(g, 256, 16, 8, 1)),
    "gpt_256": ("transformer", lambda g: t.gpt(g, 256, 12, 1)),
    "waves_24000": ("CNN", lambda g: n.waves(g, 24000, 512)),
    "mel_encoder_1000": ("transformer", lambda g: n.mel_encoder(g, 1000, 6, 1)),
    "mamba2_L768": ("SSM", lambda g: m.mamba2(g, 768, BASE)),
    "mamba1_L48": ("SSM", lambda g: m.mamba1(g, 48, 640)),
    "lstm_384_t40": ("recurrent", lambda g: s.lstm(g, 40, 384, 384, True)),
    "dlrm_b32": ("recommendation", lambda g: s.dlrm(g, 32, 20, 48)),
    "mobilenet_v2_256": ("CNN", lambda g: v.mobilenet(g, 256, 16, "relu6")),
    "unet_seg_320": ("CNN", lambda g: v.unet(g, 320, 24)),
    "windows_14": ("transformer", lambda g: t.windows(g, 14, 7, 12)),
    "hybrid_L256": ("SSM", lambda g: m.hybrid(g, 256, SHORT, 8)),
    "anchors_320": ("CNN", lambda g: d.anchors(g, 320, 16)),
    "unet_block_32": ("transformer", lambda g: n.unet_block(g, 640, 640, 32)),
    "mamba2_mid_dec": ("SSM", lambda g: m.mamba2_token(g, MID, 2)),
    "resnext_224": ("CNN", lambda g: v.resnext(g, 224, 32)),
    "gru_512_t60": ("recurrent", lambda g: s.gru(g, 60, 512, 512, False)),
    "efficientnet_288": ("CNN", lambda g: v.mobilenet(g, 288, 16, "swish")),
    "mamba2_mid_L128": ("SSM", lambda g: m.mamba2(g, 128, MID)),
    "squeezenet_224": ("CNN", lambda g: c.squeezenet(g, 224)),
    "tcn_512": ("CNN", lambda g: o.temporal(g, 512, 128, 4)),
    "inception_224": ("CNN", lambda g: c.inception(g, 224)),
    "regnet_224": ("CNN", lambda g: c.regnet(g, 224, (48, 104, 208, 440), (1, 1, 2, 2), 8)),
    "deeplab_256": ("CNN", lambda g: e.deeplab(g, 256, 64)),
    "retina_head_320": ("CNN", lambda g: d.pyramid_head(g, 320, 128)),
    "fused_mbconv_224": ("CNN", lambda g: c.fused_mbconv(g, 224, 24)),
    "hrnet_256": ("CNN", lambda g: e.high_resolution(g, 256, 32)),
    "pix2pix_256": ("CNN", lambda g: i.image_to_image(g, 256, 32)),
    "esrgan_96": ("CNN", lambda g: i.residual_dense(g, 96, 64, 32)),
    "ssd_300": ("CNN", lambda g: d.single_shot(g, 300, 32)),
    "medical_unet_128": ("CNN", lambda g: e.normed_unet_level(g, 128, 16, 32)),
    "t5_128_64": ("transformer", lambda g: x.text_to_text(g, 128, 64, 512, 6, 1024)),
    "clip_text_77": ("transformer", lambda g: x.text_tower(g, 77, 8, 2)),
    "whisper_step_448": ("transformer", lambda g: o.speech_step(g, 6, 447, 1500, 2)),
    "detr_decoder_100": ("transformer", lambda g: w.object_decoder(g, 100, 850, 2)),
    "mqa_256": ("transformer", lambda g: x.one_key(g, 256, 16)),
    "mqa_step_1024": ("transformer", lambda g: x.one_key(g, 1, 32, 1023)),
    "conformer_layer_256": ("transformer", lambda g: o.conformer(g, 256, 4, 64)),
    "perceiver_2048": ("transformer", lambda g: w.latents(g, 2048, 261, 128, 256)),
    "swin_stage_28": ("transformer", lambda g: w.window_stage(g, 28, 7, 6)),
    "hyena_512": ("SSM", lambda g: r.long_convolution(g, 512, 256, 64)),
    "rwkv6_step": ("SSM", lambda g: l.receptance(g, 1, 16)),
    "s4d_step": ("SSM", lambda g: r.diagonal_step(g, 512, 32, 4)),
    "mamba2_groups_L256": ("SSM", lambda g: q.grouped(g, 256, q.Grouped())),
    "mamba2_groups_step": ("SSM", lambda g: q.grouped_token(g, q.Grouped(1024, 32, 64, 8, 128), 1)),
    "retnet_chunks_512": ("SSM", lambda g: l.retention_chunks(g, 512, 128, 8, 64)),
    "gla_chunks_256": ("SSM", lambda g: l.gated_chunks(g, 256, 64, 4, 64, 128)),
    "jamba_step_512": ("SSM", lambda g: q.interleaved_step(g, 1024, 511, 4)),
    "mlstm_256": ("SSM", lambda g: l.matrix_memory(g, 256, 4, 256)),
    "rwkv6_L16": ("SSM", lambda g: l.receptance(g, 16, 8)),
    "s4d_128": ("SSM", lambda g: r.diagonal_kernel(g, 128, 128)),
    "split_detector_320": ("CNN", lambda g: p.split_detector(g, 320, 32)),
    "separable_detector_416": ("CNN", lambda g: p.separable_detector(g, 416, 16)),
    "centers_256": ("CNN", lambda g: p.centers(g, 256, 32)),
    "paired_unet_224": ("CNN", lambda g: p.paired_unet(g, 224, 16, 4)),
    "two_paths_256": ("CNN", lambda g: p.two_paths(g, 256, 64)),
    "autoencoder_256": ("CNN", lambda g: p.autoencoder(g, 256, 32)),
    "variational_128": ("CNN", lambda g: p.variational(g, 128, 32)),
    "sharpened_96": ("CNN", lambda g: p.sharpened(g, 96, 64, 3)),
    "bottlenecks_b4_128": ("CNN", lambda g: b.bottlenecks(g, 128, 64, (1, 1, 1), 4)),
    "regnet_x_224": ("CNN", lambda g: b.regnet_x(g, 224, (48, 96, 192, 384), (1, 2, 2, 1), 24)),
    "poolformer_224": ("CNN", lambda g: b.poolformer(g, 224, 64, (1, 1, 1))),
    "inception_288": ("CNN", lambda g: c.inception(g, 288)),
    "ghost_192": ("CNN", lambda g: c.cheap(g, 192, 24)),
    "mobilenet_v1_192": ("CNN", lambda g: k.mobilenet_v1(g, 192, 0.5)),
    "mobilenet_v1_256": ("CNN", lambda g: k.mobilenet_v1(g, 256, 1.0)),
    "mobilenet_v2n_192": ("CNN", lambda g: k.mobilenet_v2(g, 192, 1.0)),
    "mobilenet_v2w_224": ("CNN", lambda g: k.mobilenet_v2(g, 224, 1.4)),
    "mobilenet_v3l_224": ("CNN", lambda g: k.mobilenet_v3_large(g, 224)),
    "mobilenet_v3l_320": ("CNN", lambda g: k.mobilenet_v3_large(g, 320)),
    "mnasnet_224": ("CNN", lambda g: k.mnasnet(g, 224, 1.0)),
    "efficientnet_b1_240": ("CNN", lambda g: k.efficientnet(g, 240, 1.0, 1.1)),
    "efficientnet_lite_280": ("CNN", lambda g: k.efficientnet(g, 280, 1.2, 1.4, True)),
    "mobileone_224": ("CNN", lambda g: k.mobileone(g, 224, 1.5)),
    "residual_lines_1024": ("CNN", lambda g: o.residual_lines(g, 1024, 64)),
    "residual_lines_4000": ("CNN", lambda g: o.residual_lines(g, 4000, 32)),
    "separable_lines_256": ("CNN", lambda g: o.separable_lines(g, 256, 192, 33)),
}  # fmt: skip

#: Not looked at before the rules of their release were made: new families, and known ones at other sizes.
NOT_LOOKED_AT: Table = {
    "vovnet_224": ("CNN", lambda g: c.aggregated(g, 224, 64)),
    "segformer_56": ("transformer", lambda g: w.reduced_keys(g, 56, 1, 64, 8, 2)),
    "griffin_128": ("SSM", lambda g: r.gated_recurrence(g, 128, 512, 768)),
    "xception_192": ("CNN", lambda g: c.xception(g, 192)),
    "neox_192": ("transformer", lambda g: x.parallel(g, 192, 12, 64, 16)),
    "delta_step": ("SSM", lambda g: l.delta_step(g, 1024, 8, 128, 256, 2)),
    "style_192": ("CNN", lambda g: i.painted(g, 192, 32)),
    "bloom_step_600": ("transformer", lambda g: x.slopes_step(g, 16, 64, 600)),
    "delta_chunks_128": ("SSM", lambda g: l.delta_chunks(g, 128, 32, 4, 64)),
    "poses_184": ("CNN", lambda g: e.poses(g, 184)),
    "xcit_14": ("transformer", lambda g: w.channel_attention(g, 14, 8, 48)),
    "lfm2_192": ("SSM", lambda g: r.short_gates(g, 192, 768, 2048, 12)),
    "ghost_224": ("CNN", lambda g: c.cheap(g, 224, 16)),
    "mobilevit_32": ("transformer", lambda g: w.mobile_block(g, 32, 96, 144, 2)),
    "convlstm_40": ("SSM", lambda g: r.image_memory(g, 4, 40, 16, 64)),
    "resnet34_208": ("CNN", lambda g: v.resnet(g, 208, 3)),
    "bert_384_x2": ("transformer", lambda g: t.bert(g, 384, 8, 2)),
    "mamba2_L384_mid": ("SSM", lambda g: m.mamba2(g, 384, MID)),
    "convnext_192": ("CNN", lambda g: v.convnext(g, 192, 64)),
    "vit_240_x2": ("transformer", lambda g: t.vit(g, 240, 16, 6, 2)),
    "mamba1_L48_512": ("SSM", lambda g: m.mamba1(g, 48, 512)),
    "residual_512": ("CNN", lambda g: d.residual(g, 512, 24)),
    "windows_shift_42": ("transformer", lambda g: t.windows(g, 42, 7, 4, True)),
    "hybrid_L192": ("SSM", lambda g: m.hybrid(g, 192, SHORT, 8)),
    "vocoder_150": ("CNN", lambda g: n.vocoder(g, 150, 192)),
    "diffusion_tf_400": ("transformer", lambda g: n.diffusion_transformer(g, 400, 12)),
    "mamba2_thin_step_x3": ("SSM", lambda g: m.mamba2_token(g, THIN, 3)),
    "densenet_256": ("CNN", lambda g: v.densenet(g, 256, 24)),
    "caption_48": ("transformer", lambda g: t.caption(g, 48, 8, 400)),
    "retention_640": ("SSM", lambda g: m.gated_linear(g, 640, 6, 64)),
    "psp_192": ("CNN", lambda g: e.pyramid_pooling(g, 192, 64)),
    "two_towers": ("transformer", lambda g: x.two_towers(g, 48, 100, 768, 12)),
    "mingru_256": ("recurrent", lambda g: r.smallest_gates(g, 256, 256, 2)),
    "sound_unet_16384": ("CNN", lambda g: o.sound_unet(g, 16384, 32)),
    "gru_cell_t24": ("recurrent", lambda g: r.attended_cell(g, 24, 80, 384)),
    "bilstm_320_t48": ("recurrent", lambda g: s.lstm(g, 48, 128, 320, True)),
    "gpt_640": ("transformer", lambda g: t.gpt(g, 640, 10, 1)),
    "mobilenet_v3_288": ("CNN", lambda g: v.mobilenet(g, 288, 12, "hard")),
}  # fmt: skip

#: Judged before anybody had looked at them (docs/vendor_agreement.md says how), for fitting since.
LOOKED_AT |= ORDINARY | TEXT_AND_PATCHES | ENLARGING | PLAIN_CNNS | EVERYDAY | USUAL | COMMON | DAILY
LOOKED_AT |= FAMILIAR | POPULAR | KNOWN | CURRENT | FURTHER | RECENT | LATER | LATEST | NEWER | NEWEST | FRESH
LOOKED_AT |= LATELY | OF_LATE | NOWADAYS
LOOKED_AT |= LATE_CLASSIFIERS | LATE_PICTURES | LATE_STATES
HASHED |= HELD_OUT
NOT_LOOKED_AT |= UNSEEN | THESE_DAYS
FLOATS: Table = HASHED | LOOKED_AT | NOT_LOOKED_AT
LOOKED_AT |= {f"q8_{name}": (kind, FLOATS[name][1]) for name, kind in QUANTISED.items()}
NETS: Table = HASHED | LOOKED_AT | NOT_LOOKED_AT


def half_of(name: str) -> str:
    """`fit` or `judge`: where a list above says so, else by the hash of the name."""
    if name in LOOKED_AT or name in language.LOOKED_AT:
        return "fit"
    if name in NOT_LOOKED_AT or name in language.NOT_LOOKED_AT:
        return "judge"
    return half(name)


def build(name: str, weights: bool = True) -> onnx.ModelProto:
    """The graph of a network or of a language model's layer; without `weights`, their file is missing (see Builder)."""
    g = Builder(weights=weights)
    found = NETS[name][1](g) if name in NETS else language.block(g, name)
    model = g.model(*([found] if isinstance(found, str) else found))
    if not name.startswith("q8_"):
        return model
    images = QUANTISED[name.removeprefix("q8_")] == "CNN"
    return quantised(model, (*PRODUCTS, *OTHERS) if images else PRODUCTS)
