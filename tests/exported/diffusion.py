"""Parts of diffusers' pipelines."""

from __future__ import annotations

from typing import Any

from tests.exported.recipe import Made, Recipe, Recipes, called, picture


def _unet() -> Made:
    """Two blocks of a UNet of Stable Diffusion, narrower; attention where the image is halved."""
    import torch
    from diffusers import UNet2DConditionModel

    net = UNet2DConditionModel(
        sample_size=64, layers_per_block=1, block_out_channels=(128, 256), cross_attention_dim=768,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), attention_head_dim=8,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    given = (picture(1, 64, channels=4), torch.tensor([500]), torch.rand(1, 77, 768))
    return called(net, "sample timestep encoder_hidden_states", return_dict=False), given


def _decoder(net: Any, latents: int, size: int) -> Made:
    """An autoencoder's way from latents to an image."""
    import torch

    class Decoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return self.net.decode(given, return_dict=False)[0]

    return Decoder(), (picture(1, size, channels=latents),)


def _tiny_decoder() -> Made:
    from diffusers import AutoencoderTiny

    return _decoder(AutoencoderTiny(), 4, 32)


def _kl_decoder() -> Made:
    from diffusers import AutoencoderKL

    net = AutoencoderKL(
        block_out_channels=(64, 128), down_block_types=("DownEncoderBlock2D",) * 2, latent_channels=4,
        up_block_types=("UpDecoderBlock2D",) * 2, layers_per_block=1,
    )  # fmt: skip
    return _decoder(net, 4, 32)


def _dit() -> Made:
    """Two layers of DiT-S/2 at latents of 32x32, conditioned on a class and a step."""
    import torch
    from diffusers import DiTTransformer2DModel

    net = DiTTransformer2DModel(num_attention_heads=6, attention_head_dim=64, num_layers=2, sample_size=32)
    given = (picture(1, 32, channels=4), torch.tensor([500]), torch.tensor([7]))
    return called(net, "hidden_states timestep class_labels", return_dict=False), given


def _sd3() -> Made:
    """Two joint layers of Stable Diffusion 3, narrower: text and image in one attention."""
    import torch
    from diffusers import SD3Transformer2DModel

    net = SD3Transformer2DModel(
        sample_size=32, num_layers=2, num_attention_heads=8, caption_projection_dim=512, joint_attention_dim=768,
        pooled_projection_dim=768, in_channels=16, out_channels=16, pos_embed_max_size=96,
    )  # fmt: skip
    given = (picture(1, 32, channels=16), torch.rand(1, 77, 768), torch.rand(1, 768), torch.tensor([500]))
    names = "hidden_states encoder_hidden_states pooled_projections timestep"
    return called(net, names, return_dict=False), given


def _pixart() -> Made:
    """Two layers of PixArt-alpha, narrower: attention over the image, then to the text."""
    import torch
    from diffusers import PixArtTransformer2DModel

    net = PixArtTransformer2DModel(
        num_attention_heads=8, attention_head_dim=64, num_layers=2, sample_size=32, cross_attention_dim=512,
        caption_channels=768, use_additional_conditions=False,
    )  # fmt: skip
    given = (picture(1, 32, channels=4), torch.rand(1, 120, 768), torch.tensor([500]))
    return called(net, "hidden_states encoder_hidden_states timestep", return_dict=False), given


DIFFUSION: Recipes = {
    "df_unet_2_blocks_64": Recipe("CNN", _unet),
    "df_tiny_decoder_32_s": Recipe("CNN", _tiny_decoder, script=True),
    "df_dit_s_2_layers_32": Recipe("transformer", _dit),
    "df_kl_decoder_32": Recipe("CNN", _kl_decoder),
    "df_sd3_2_layers_32": Recipe("transformer", _sd3),
    "df_pixart_2_layers_32_s": Recipe("transformer", _pixart, script=True),
}
