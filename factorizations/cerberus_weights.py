"""Files of weights for Cerberus: an ONNX model that describes itself, read and checked before it is used.

Input ``spectrum`` (channel, frame, bin, 2); outputs ``masks`` (channel, source, frame, bin), ``notes`` and ``onsets``
(channel, frame, pitched source, 88) and ``hits`` (channel, frame, drum), all within [0, 1]. Its metadata are the fields
of `About`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from audiolime_ext.errors import AudiolimeError, CorruptError
from audiolime_ext.factorization.transcription import N_PITCHES
from audiolime_ext.networks.runtime import session

FORMAT = "audiolime-cerberus-1"
OUTPUTS = ("masks", "notes", "onsets", "hits")


@dataclass(frozen=True)
class About:
    """What a file of weights says about itself.

    Parameters
    ----------
    sources, pitched, drums : tuple of str
        Stems, those of them whose notes are heard, and the kinds of drum strokes.
    sr : int
        Sampling rate in Hz.
    n_fft, hop_length : int
        Length of a frame, and the step from one to the next, in samples; the window is a periodic Hann window.
    chunk_frames, margin_frames : int
        Frames that the network sees at a time, and those of a margin; neighbouring chunks share two margins.
    version, recipe, licence : str
        Version of the weights, the recipe of their training, and their licence.
    stable : bool
        False for an experiment: every result then says so.
    results : str
        Quality of the separation, in one line.
    """

    sources: tuple[str, ...]
    pitched: tuple[str, ...]
    drums: tuple[str, ...]
    sr: int
    n_fft: int
    hop_length: int
    chunk_frames: int
    margin_frames: int
    version: str
    recipe: str
    licence: str
    stable: bool
    results: str

    @property
    def step(self) -> int:
        """Frames from one chunk to the next."""
        return self.chunk_frames - 2 * self.margin_frames

    @classmethod
    def from_metadata(cls, metadata: dict[str, str], origin: str) -> About:
        """Check and convert a model's metadata.

        Raises
        ------
        CorruptError
            If a field is missing or impossible.
        """
        if metadata.get("format") != FORMAT:
            raise CorruptError(
                f"{origin} is not a file of weights for Cerberus (its format is "
                f"{metadata.get('format', 'not stated')!r}, not {FORMAT!r}); write one with "
                "`python -m examples.cerberus.export`"
            )
        kinds: dict[str, Callable[[str], Any]] = {
            "int": int,
            "str": str,
            "bool": lambda text: {"yes": True, "no": False}[text],
            "tuple[str, ...]": lambda text: tuple(text.split(",")) if text else (),
        }
        try:
            about = cls(**{each.name: kinds[str(each.type)](metadata[each.name]) for each in fields(cls)})
        except (KeyError, ValueError) as error:
            raise CorruptError(f"{origin}: its metadata are incomplete ({error}); export the network again") from error
        sound = about.sources and about.step > 2 * about.margin_frames > 0 and about.sr > 0
        if not sound or about.n_fft % about.hop_length or about.n_fft < 3 * about.hop_length:
            raise CorruptError(f"{origin}: its metadata contradict each other ({about}); export the network again")
        return about


def open_weights(content: bytes, origin: str, threads: int | None) -> Any:
    """The network of a file of weights, on ONNX Runtime."""
    try:
        return session(content, threads=threads)
    except AudiolimeError:
        raise
    except Exception as error:  # the runtime has a class of its own for every way to be damaged
        reason = str(error).split("\n", 1)[0]
        raise CorruptError(f"{origin} is damaged or not an ONNX file ({reason}); export it again") from error


def _check_shapes(session: Any, about: About, origin: str) -> None:
    """Raise `CorruptError` unless inputs and outputs are what the metadata say."""
    n_bins, n_pitched = about.n_fft // 2 + 1, len(about.pitched)
    wanted = {
        "spectrum": [n_bins, 2],
        "masks": [len(about.sources), n_bins],
        "notes": [n_pitched, N_PITCHES],
        "onsets": [n_pitched, N_PITCHES],
        "hits": [len(about.drums)],
    }
    for each in (*session.get_inputs(), *session.get_outputs()):
        sizes = [size for size in each.shape if isinstance(size, int)]
        if sizes != wanted.pop(each.name, None):
            raise CorruptError(f"{origin}: {each.name!r} has shape {each.shape}, which does not go with {about}")
    if wanted:
        raise CorruptError(f"{origin} lacks {', '.join(wanted)}; export the network again")
