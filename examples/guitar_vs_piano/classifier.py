"""Guitar or piano: a small convolutional network on log-mel windows of two seconds, in Keras.

It is no better than it needs to be. Its level is augmented, as any classifier's should be: a level that differs between
classes is not what this experiment is about. Keras is imported when it is needed, in the process that trains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.guitar_vs_piano.spectra import louder

GAIN_DB = 6.0
_N_BATCH, _N_PREDICTED = 32, 256


@dataclass(frozen=True)
class Training:
    """So many epochs, in which the learning rate falls to 0 as half a cosine does."""

    n_epochs: int = 9
    rate: float = 2e-3


def network(shape: tuple[int, ...]) -> Any:
    """A network for windows of shape (n_frames, n_mels) that answers two probabilities."""
    import keras

    layers = keras.layers
    body: list[Any] = [layers.BatchNormalization(axis=2, momentum=0.9), layers.Reshape((*shape, 1))]
    for n_filters, size, step in ((24, 5, 2), (32, 3, 1), (64, 3, 1)):
        body.append(layers.Conv2D(n_filters, size, strides=step, padding="same", use_bias=False))
        body += [layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.MaxPooling2D(2)]
    out = [layers.GlobalAveragePooling2D(), layers.Dropout(0.3), layers.Dense(2, activation="softmax")]
    return keras.Sequential([keras.Input(shape), *body[:-1], *out])


def train(
    windows: NDArray[np.float32],
    classes: NDArray[np.int64],
    valid: tuple[NDArray[np.float32], NDArray[np.int64]],
    *,
    seed: int,
    training: Training,
) -> tuple[Any, int]:
    """The model of the epoch that was best in validation, and which that was.

    Parameters
    ----------
    windows
        Shape (n_recordings, n_windows, n_frames, n_mels).
    classes
        Of each recording, shape (n_recordings,); 0 is guitar, 1 is piano.
    valid
        The same of other songs.
    """
    import keras

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model, n_windows = network(windows.shape[2:]), windows.shape[1]
    n_steps = training.n_epochs * -(-len(windows) * n_windows // _N_BATCH)
    rate = keras.optimizers.schedules.CosineDecay(training.rate, n_steps)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    held_out = valid[0].reshape(-1, *windows.shape[2:]), np.repeat(valid[1], n_windows)
    best, lowest, best_epoch = model.get_weights(), np.inf, 0
    for epoch in range(1, training.n_epochs + 1):
        gains_db = rng.uniform(-GAIN_DB, GAIN_DB, (len(windows), 1, 1, 1)).astype(np.float32)
        inputs = louder(windows, gains_db).reshape(-1, *windows.shape[2:])
        model.fit(inputs, np.repeat(classes, n_windows), batch_size=_N_BATCH, verbose=0)
        if (loss := model.evaluate(*held_out, batch_size=_N_PREDICTED, verbose=0)) < lowest:
            best, lowest, best_epoch = model.get_weights(), loss, epoch
    model.set_weights(best)
    return model, best_epoch


def answers(model: Any, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities (n_recordings, 2): the mean over each recording's windows."""
    flat = model.predict(windows.reshape(-1, *windows.shape[2:]), batch_size=_N_PREDICTED, verbose=0)
    return np.asarray(flat.reshape(*windows.shape[:2], 2).mean(axis=1))
