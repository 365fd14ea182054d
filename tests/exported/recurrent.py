"""Recurrent networks of plain torch.nn, as users write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.exported.recipe import Made, Recipe, Recipes, words


def _outputs(layer: Any) -> Any:
    """A recurrent layer without its last states."""
    from torch import nn

    class Outputs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, rows: Any) -> Any:
            return self.layer(rows)[0]

    return Outputs()


def _stack(make: Callable[[Any], list[Any]], *shape: int) -> Callable[[], Made]:
    """Layers of torch.nn one behind another, over random rows of this shape."""

    def made() -> Made:
        import torch
        from torch import nn

        return nn.Sequential(*make(nn)), (torch.rand(*shape),)

    return made


def _enhancer(cell: str, frames: int, bands: int, width: int) -> Callable[[], Made]:
    """A mask over a spectrogram (speech enhancement)."""

    def made() -> Made:
        import torch
        from torch import nn

        class Enhancer(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.before = nn.Sequential(nn.Linear(bands, width), nn.PReLU())
                self.memory = getattr(nn, cell)(width, width, num_layers=2, batch_first=True)
                self.after = nn.Sequential(nn.Linear(width, bands), nn.Sigmoid())

            def forward(self, spectrum: torch.Tensor) -> torch.Tensor:
                held, _ = self.memory(self.before(spectrum))
                return spectrum * self.after(held)

        return Enhancer(), (torch.rand(1, frames, bands),)

    return made


def _crnn() -> Made:
    """Reader of lines of text (Shi et al.): convolutions, columns as steps, two bidirectional LSTMs."""
    import torch
    from torch import nn

    class Crnn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers: list[Any] = []
            before = 1
            for i, width in enumerate((64, 128, 256, 256, 512, 512)):
                layers += [nn.Conv2d(before, width, 3, 1, 1), nn.BatchNorm2d(width), nn.ReLU()]
                if i in (0, 1):
                    layers.append(nn.MaxPool2d(2, 2))
                elif i in (3, 5):
                    layers.append(nn.MaxPool2d((2, 2), (2, 1), (0, 1)))
                before = width
            self.image = nn.Sequential(*layers, nn.Conv2d(512, 512, 2), nn.ReLU())
            self.steps = nn.LSTM(512, 256, num_layers=2, bidirectional=True)
            self.head = nn.Linear(512, 37)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            columns = self.image(image).squeeze(2).permute(2, 0, 1)
            return self.head(self.steps(columns)[0]).log_softmax(-1)

    return Crnn(), (torch.rand(1, 1, 32, 100),)


def _tagger() -> Made:
    """A tag for each word."""
    from torch import nn

    memory = _outputs(nn.LSTM(128, 200, bidirectional=True, batch_first=True))
    return nn.Sequential(nn.Embedding(5000, 128), memory, nn.Linear(400, 17)), (words(64),)


def _deep_speech() -> Made:
    """Two convolutions over a spectrogram and three bidirectional GRUs (DeepSpeech 2, narrower)."""
    import torch
    from torch import nn

    class DeepSpeech(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.image = nn.Sequential(
                nn.Conv2d(1, 32, (41, 11), (2, 2), (20, 5)), nn.BatchNorm2d(32), nn.Hardtanh(0, 20),
                nn.Conv2d(32, 32, (21, 11), (2, 1), (10, 5)), nn.BatchNorm2d(32), nn.Hardtanh(0, 20),
            )  # fmt: skip
            self.steps = nn.GRU(1312, 400, num_layers=3, bidirectional=True, batch_first=True)
            self.head = nn.Sequential(nn.LayerNorm(800), nn.Linear(800, 29))

        def forward(self, spectrum: torch.Tensor) -> torch.Tensor:
            found = self.image(spectrum).permute(0, 3, 1, 2).flatten(2)
            return self.head(self.steps(found)[0])

    return DeepSpeech(), (torch.rand(1, 1, 161, 200),)


RECURRENT: Recipes = {
    "nn_gru_enhancer_100": Recipe("recurrent", _enhancer("GRU", 100, 161, 256)),
    "nn_crnn_32x100": Recipe("recurrent", _crnn),
    "nn_bilstm_tagger_64_s": Recipe("recurrent", _tagger, script=True),
    "nn_deepspeech_200": Recipe("recurrent", _deep_speech),
    "nn_lstm_enhancer_250_s": Recipe("recurrent", _enhancer("LSTM", 250, 257, 400), script=True),
    "nn_lstm_forecast_batch_16": Recipe(
        "recurrent",
        _stack(lambda nn: [_outputs(nn.LSTM(24, 96, 2, batch_first=True)), nn.Linear(96, 1)], 16, 96, 24),
    ),
    "nn_seq2seq_encoder_40_s": Recipe(
        "recurrent",
        _stack(lambda nn: [_outputs(nn.GRU(256, 512, bidirectional=True)), nn.Linear(1024, 512)], 40, 1, 256),
        script=True,
    ),
}
