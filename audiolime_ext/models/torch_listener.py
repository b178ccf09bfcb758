"""How a PyTorch network is given signals: its precision, an axis for the channel, several signals or one at a time.

A network rarely states what it takes, so it is tried: with two signals, since a single one may pass for a signal
without an axis for the batch. The first way by which it answers something for each of the two is its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Listener:
    """A network, and how it is given signals.

    Parameters
    ----------
    model : torch.nn.Module
        Network.
    dtype : torch.dtype
        Precision of what it is given; whole numbers stay what they are.
    channel : bool
        True if an axis of length 1 is added in second place.
    single : bool
        True if it is given one signal at a time, with an axis for the batch.
    device : torch.device or None
        Device on which it computes; None: the CPU.
    """

    model: Any
    dtype: Any
    channel: bool = False
    single: bool = False
    device: Any = None

    def answers(self, torch: Any, batch: Any) -> list[Any]:
        """Its answers to a batch, in one piece or signal by signal."""
        return [widened(torch, self.model(part)) for part in self.parts(torch, batch)]

    def parts(self, torch: Any, batch: Any) -> list[Any]:
        """What it is given of a batch, which is an array or, of a front end, perhaps a tensor."""
        given = batch if isinstance(batch, torch.Tensor) else torch.from_numpy(np.array(batch))
        given = given.to(device=self.device, dtype=self.dtype if given.is_floating_point() else given.dtype)
        given = given[:, None] if self.channel else given
        return list(given.split(1)) if self.single else [given]


def widened(torch: Any, answer: Any) -> Any:
    """A tensor of half precision as one of single precision."""
    return answer.float() if isinstance(answer, torch.Tensor) and answer.dtype in halves(torch) else answer


def halves(torch: Any) -> tuple[Any, Any]:
    """The two half precisions."""
    return torch.float16, torch.bfloat16


def own_dtype(torch: Any, model: Any) -> Any:
    """The precision of a network's weights; single where it has none."""
    return next((one.dtype for one in model.parameters() if one.is_floating_point()), torch.float32)


def tried(
    torch: Any, ways: Iterable[Listener], given: Any, inference: AbstractContextManager[Any]
) -> tuple[Listener | None, list[Exception]]:
    """The first way that works, or None, and what went wrong with each before it.

    Parameters
    ----------
    torch : module
        PyTorch.
    ways : iterable of Listener
        Ways to try, in order.
    given : ndarray or torch.Tensor, shape (2, …)
        Two signals, or what a front end makes of them.
    inference : context manager
        State in which the network is asked.
    """
    errors: list[Exception] = []
    with inference:
        for way in ways:
            try:
                (answer,) = way.answers(torch, given)
            except Exception as error:  # noqa: BLE001 - it is one of several ways; the caller tells them
                errors.append(error)
                continue
            if of_two(torch, answer):
                return way, errors
    return None, errors


def of_two(torch: Any, answer: Any) -> bool:
    """Whether an answer, or a part of it, has something for each of two signals; True where it holds no tensors."""
    parts = list(answer.values()) if isinstance(answer, Mapping) else answer
    tensors = [one for one in (parts if isinstance(parts, (list, tuple)) else [parts]) if torch.is_tensor(one)]
    return not tensors or any(one.shape[:1] == (2,) for one in tensors)
