"""ResNet34's plan, at any width, for grey pictures of sound. Names of its parts are torchvision's.

What it is given are log-mel spectra, (n_batch, n_frames, n_mels), of any length; its first step makes them pictures of
one size, each pixel the mean of its area. *Silence is black*: 0 in, 0 in the picture.

References
----------
K. He, X. Zhang, S. Ren, J. Sun: Deep residual learning for image recognition, CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible

WHITE = 6.0  # of log10(1 + 10000 · power): near the loudest that there is
MEAN, SPREAD = 0.45, 0.225  # of ImageNet's pictures in grey, which published weights expect
BLOCKS = (3, 4, 6, 3)  # of ResNet34
UNFROZEN = ("fc", "layer4.2.conv1", "layer4.2.conv2")  # the last layer and the two convolutions before it


@dataclass(frozen=True)
class Plan:
    """A network.

    Parameters
    ----------
    labels
        Names of its outputs.
    width
        Share of ResNet34's channels, which are 64 to 512.
    size
        Length of the pictures' sides in pixels.
    """

    labels: tuple[str, ...]
    width: float = 0.25
    size: int = 112


class Block(nn.Module):
    """Two convolutions, and a way around them."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample: nn.Module | None = None
        if stride > 1 or n_in != n_out:
            self.downsample = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        around = x if self.downsample is None else self.downsample(x)
        out = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(out)) + around)


class ResNet(nn.Module):
    """Logits (n_batch, n_labels) of log-mel spectra (n_batch, n_frames, n_mels), or of `pictures` of them."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan, self.labels = plan, list(plan.labels)
        widths = [round(plan.width * n) for n in (64, 128, 256, 512)]
        self.conv1 = nn.Conv2d(1, widths[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        n_in = widths[0]
        for number, (n_out, n_blocks) in enumerate(zip(widths, BLOCKS, strict=True), 1):
            strides = [1 if number == 1 else 2] + [1] * (n_blocks - 1)
            inputs = [n_in] + [n_out] * (n_blocks - 1)
            blocks = [Block(before, n_out, stride) for before, stride in zip(inputs, strides, strict=True)]
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
            n_in = n_out
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(n_in, len(plan.labels))
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, spectra: Tensor) -> Tensor:
        x = (pictures(spectra, self.plan.size)[:, None].transpose(-1, -2) - MEAN) / SPREAD
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        for number in range(1, len(BLOCKS) + 1):
            x = getattr(self, f"layer{number}")(x)
        return self.fc(self.avgpool(x).flatten(1))


def pictures(spectra: Tensor, size: int) -> Tensor:
    """Grey pictures (n_batch, time, frequency) of log-mel spectra; 0 is black. What is a picture stays as it is."""
    if spectra.shape[1:] == (size, size):
        return spectra
    return functional.adaptive_avg_pool2d(spectra[:, None], size)[:, 0] / WHITE


def load_imagenet(network: ResNet, path: Path) -> None:
    """Set all weights but the last layer's to those of torchvision's ResNet34, a file of its state dict.

    Its first layer sees red, green and blue; grey pictures have the same in all three, so their weights are added.

    Raises
    ------
    UsageError
        If the file cannot be read, or holds the weights of another network.
    """
    try:
        given = torch.load(path, map_location="cpu", weights_only=True)
        given = {name: weight for name, weight in given.items() if not name.startswith("fc.")}
        given["conv1.weight"] = given["conv1.weight"].sum(dim=1, keepdim=True)
        missing, unknown = network.load_state_dict(given, strict=False)
    except Exception as error:
        raise UsageError(
            f"{legible(path)} does not hold weights for this network ({str(error).splitlines()[0]}); "
            "give torchvision's resnet34 as torch.save(model.state_dict(), path) writes it, and --width 1"
        ) from error
    if unknown or [name for name in missing if not name.startswith("fc.")]:
        raise UsageError(f"{legible(path)} holds the weights of another network than ResNet34")


def freeze(network: ResNet, unfrozen: Sequence[str] = UNFROZEN) -> None:
    """Let only some parts learn."""
    for name, weight in network.named_parameters():
        weight.requires_grad_(name.rpartition(".")[0] in unfrozen)
