"""What is left out on purpose, and why."""

from __future__ import annotations

SEQUENCE = "sequences of tensors are taken apart by the loader"
CONTROL = "control flow is taken apart by the loader"
TEXT = "works on text, which no NPU holds"
TRAINING = "training only"
TREES = "decision trees and tables of classical machine learning run on the host"

LEFT_OUT: dict[str, str] = {
    **dict.fromkeys(("If", "Loop", "Scan", "SequenceMap"), CONTROL),
    **dict.fromkeys(
        (
            "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert",
            "SequenceLength", "SplitToSequence", "ConcatFromSequence",
        ),
        SEQUENCE,
    ),
    **dict.fromkeys(
        ("RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"), TEXT
    ),
    **dict.fromkeys(
        (
            "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss", "ai.onnx.preview.training.Adagrad",
            "ai.onnx.preview.training.Adam", "ai.onnx.preview.training.Gradient",
            "ai.onnx.preview.training.Momentum",
        ),
        TRAINING,
    ),
    "ImageDecoder": "decoding files is the host's work",
    "ai.onnx.preview.FlexAttention": "its score function is a subgraph; a preview op",
    "ai.onnx.ml": TREES,
}  # fmt: skip
