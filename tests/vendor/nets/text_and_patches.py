"""Transformers of text, patches and sound at further sizes, that rules of attention without a mask, of rows in any
rectangle and of patches cut into windows were seen in."""

from tests.vendor.nets import transformer_kinds as k
from tests.vendor.nets import transformers as t

TEXT_AND_PATCHES = {
    "bert_96_6": ("transformer", lambda g: t.bert(g, 96, 6, 1)),
    "bert_160_4": ("transformer", lambda g: t.bert(g, 160, 4, 1)),
    "bert_100_6": ("transformer", lambda g: t.bert(g, 100, 6, 1)),
    "bert_320_6": ("transformer", lambda g: t.bert(g, 320, 6, 1)),
    "roberta_160_8": ("transformer", lambda g: k.masked_encoder(g, 160, 8, 1)),
    "vit_s_288": ("transformer", lambda g: t.vit(g, 288, 16, 6, 1)),
    "deit_ti_192": ("transformer", lambda g: k.distilled(g, 192, 16, 3, 1)),
    "bart_80_160": ("transformer", lambda g: t.caption(g, 80, 8, 160)),
    "whisper_480_6": ("transformer", lambda g: k.sound_encoder(g, 480, 6, 1)),
    "gpt_192_8": ("transformer", lambda g: k.packed_gpt(g, 192, 8, 1)),
}
