"""The networks that Intel's compiler was asked about: real layers at real sizes, random weights."""

from collections.abc import Callable

import onnx

from tests.vendor.builder import Builder
from tests.vendor.nets import detection as d
from tests.vendor.nets import generation as n
from tests.vendor.nets import language
from tests.vendor.nets import sequences as s
from tests.vendor.nets import state_space as m
from tests.vendor.nets import transformers as t
from tests.vendor.nets import vision as v

SMALL = m.Sizes(512, 16, 64, 64, 64)
BASE = m.Sizes()
SHORT = m.Sizes(chunk=64)
WIDE = m.Sizes(1024, 32, 64, 128, 128)

#: name -> (kind, what writes it). In the order they were compiled.
NETS: dict[str, tuple[str, Callable[[Builder], str | list[str]]]] = {
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


def build(name: str, weights: bool = True) -> onnx.ModelProto:
    """The graph of a network or of a language model's layer; without `weights`, their file is missing (see Builder)."""
    g = Builder(weights=weights)
    found = NETS[name][1](g) if name in NETS else language.block(g, name)
    return g.model(*([found] if isinstance(found, str) else found))
