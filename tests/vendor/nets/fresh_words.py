"""Sentences in batches, each with the padding it has: drawn for the rule that lays out sums of scores and masks."""

from tests.vendor.nets.known_words import bert_batch
from tests.vendor.nets.newest_words import bert4rec, tinybert

FRESH_WORDS = {
    "tinybert_b8_96_x2": ("transformer", lambda g: tinybert(g, 8, 96, 2)),
    "bert4rec_b4_128_x3": ("transformer", lambda g: bert4rec(g, 4, 128, 3)),
    "minilm_b2_192_x2": ("transformer", lambda g: bert_batch(g, 2, 192, 12, 2, 1536)),
}  # fmt: skip
