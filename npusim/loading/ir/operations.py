"""Every operation of OpenVINO's opsets 1 to 16, by the opset that brought it in (Operation Sets in OpenVINO's docs)."""

from __future__ import annotations

BY_OPSET = {
    1: "Abs Acos Add Asin Atan AvgPool BatchNormInference BinaryConvolution Broadcast Ceiling Clamp Concat Const "
    "Convert ConvertLike Convolution ConvolutionBackpropData Cos Cosh CTCGreedyDecoder DeformableConvolution "
    "DeformablePSROIPooling DepthToSpace DetectionOutput Divide Elu Equal Erf Exp FakeQuantize Floor FloorMod Gather "
    "GatherTree Greater GreaterEqual GRN GroupConvolution GroupConvolutionBackpropData HardSigmoid Interpolate Less "
    "LessEqual Log LogicalAnd LogicalNot LogicalOr LogicalXor LRN LSTMCell MatMul Maximum MaxPool Minimum Mod Multiply "
    "Negative NonMaxSuppression NormalizeL2 NotEqual OneHot Pad Parameter Power PReLU PriorBox PriorBoxClustered "
    "Proposal PSROIPooling Range ReduceLogicalAnd ReduceLogicalOr ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
    "RegionYolo ReLU Reshape Result ReverseSequence Select Selu ShapeOf ShuffleChannels Sigmoid Sign Sin Sinh SoftMax "
    "SpaceToDepth Split Sqrt SquaredDifference Squeeze StridedSlice Subtract Tan Tanh TensorIterator Tile TopK "
    "Transpose Unsqueeze VariadicSplit",
    2: "BatchToSpace Gelu MVN ReorgYolo ROIPooling SpaceToBatch",
    3: "Assign Bucketize CumSum EmbeddingBagOffsetsSum EmbeddingBagPackedSum EmbeddingSegmentsSum ExtractImagePatches "
    "GRUCell NonZero ReadValue RNNCell ROIAlign ScatterElementsUpdate ScatterNDUpdate ScatterUpdate",
    4: "Acosh Asinh Atanh CTCLoss HSwish Mish ReduceL1 ReduceL2 SoftPlus Swish",
    5: "GatherND GRUSequence HSigmoid LogSoftmax Loop LSTMSequence RNNSequence Round",
    6: "CTCGreedyDecoderSeqLen ExperimentalDetectronDetectionOutput "
    "ExperimentalDetectronGenerateProposalsSingleImage ExperimentalDetectronPriorGridGenerator "
    "ExperimentalDetectronROIFeatureExtractor ExperimentalDetectronTopKROIs GatherElements",
    7: "DFT Einsum IDFT Roll",
    8: "AdaptiveAvgPool AdaptiveMaxPool I420toBGR I420toRGB If MatrixNms MulticlassNms NV12toBGR NV12toRGB "
    "RandomUniform Slice",
    9: "Eye GenerateProposals GridSample IRDFT RDFT SoftSign",
    10: "IsFinite IsInf IsNaN Unique",
    12: "GroupNormalization",
    13: "BitwiseAnd BitwiseNot BitwiseOr BitwiseXor FakeConvert Multinomial NMSRotated ScaledDotProductAttention",
    14: "ConvertPromoteTypes Inverse ROIAlignRotated",
    15: "BitwiseLeftShift BitwiseRightShift Col2Im EmbeddingBagOffsets EmbeddingBagPacked SearchSorted SliceScatter "
    "STFT StringTensorPack StringTensorUnpack",
    16: "Identity ISTFT SegmentMax SparseFillEmptyRows",
}
OPSET_OF = {name: opset for opset, names in BY_OPSET.items() for name in names.split()}
#: Read by the translator itself: they become inputs, outputs and initializers.
STRUCTURE = frozenset({"Const", "Parameter", "Result"})
#: Operations that ONNX has no nodes for. Their shapes are the file's, and nobody has a price for them, so a model with
#: one is refused by name; `--allow-unmodelled` lists it without a time.
UNPRICED = {
    "BinaryConvolution": "filters of one bit",
    "CTCGreedyDecoder": "decoding", "CTCGreedyDecoderSeqLen": "decoding", "CTCLoss": "training",
    "GatherTree": "decoding",
    "DeformablePSROIPooling": "regions", "PSROIPooling": "regions", "ROIAlignRotated": "regions",
    "ExperimentalDetectronROIFeatureExtractor": "regions", "ExperimentalDetectronPriorGridGenerator": "regions",
    "DetectionOutput": "choosing of boxes", "ExperimentalDetectronDetectionOutput": "choosing of boxes",
    "ExperimentalDetectronGenerateProposalsSingleImage": "choosing of boxes",
    "ExperimentalDetectronTopKROIs": "choosing of boxes", "GenerateProposals": "choosing of boxes",
    "MatrixNms": "choosing of boxes", "MulticlassNms": "choosing of boxes", "NMSRotated": "choosing of boxes",
    "Proposal": "choosing of boxes",
    "EmbeddingBagOffsets": "bags of uneven size", "EmbeddingBagOffsetsSum": "bags of uneven size",
    "EmbeddingSegmentsSum": "bags of uneven size", "SegmentMax": "bags of uneven size",
    "SparseFillEmptyRows": "sparse tensors", "StringTensorPack": "text", "StringTensorUnpack": "text",
}  # fmt: skip
#: Operations that serving pipelines and plugins put into a model, in no opset.
INTERNAL = {
    "PagedAttentionExtension": "attention over pages of a server's cache, which no NPU runs: export it without them",
    "GroupQueryAttention": "OpenVINO's form of an op of onnxruntime: export it from the ONNX file",
    "GatedDeltaNet": "linear attention as one layer: export it as plain operations",
}


def refusal(kind: str) -> str:
    """Why an operation has no price, in one sentence with what to do; '' for one that nobody knows."""
    if kind in INTERNAL:
        return INTERNAL[kind]
    if kind not in UNPRICED:
        return ""
    what = UNPRICED[kind]
    return f"{what} has no price here: cut the model in front of it, the host does that part"
