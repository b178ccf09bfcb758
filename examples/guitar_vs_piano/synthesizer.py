"""FluidSynth, called in process: SoundFonts are read once, so that a minute of music takes a third of a second.

*A rendering depends on nothing rendered before*: every one has a synthesizer of its own (the phases of chorus and
reverb would go on otherwise), to which the SoundFont, decoded once per process, is lent. Nothing delays: the first
sample is that of the MIDI file's time 0, and events fall on a grid of 64 samples.

References
----------
FluidSynth 2.3, API reference, https://www.fluidsynth.org/api/ (LGPL-2.1).
"""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import MissingError

_GAIN = 0.4
_LOG_LEVELS = range(1, 5)  # errors to debugging; what matters shows in the return values
_ALL_GROUPS = -1

_POINTER, _INT, _TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "fluid_set_log_function": (_POINTER, [_INT, _POINTER, _POINTER]),
    "new_fluid_settings": (_POINTER, []),
    "fluid_settings_setnum": (_INT, [_POINTER, _TEXT, ctypes.c_double]),
    "new_fluid_synth": (_POINTER, [_POINTER]),
    "delete_fluid_synth": (None, [_POINTER]),
    "fluid_synth_sfload": (_INT, [_POINTER, _TEXT, _INT]),
    "fluid_synth_get_sfont_by_id": (_POINTER, [_POINTER, _INT]),
    "fluid_synth_add_sfont": (_INT, [_POINTER, _POINTER]),
    "fluid_synth_remove_sfont": (_INT, [_POINTER, _POINTER]),
    "fluid_synth_reverb_on": (_INT, [_POINTER, _INT, _INT]),
    "fluid_synth_chorus_on": (_INT, [_POINTER, _INT, _INT]),
    "fluid_synth_write_float": (_INT, [_POINTER, _INT, _POINTER, _INT, _INT, _POINTER, _INT, _INT]),
    "new_fluid_player": (_POINTER, [_POINTER]),
    "delete_fluid_player": (None, [_POINTER]),
    "fluid_player_add_mem": (_INT, [_POINTER, _TEXT, ctypes.c_size_t]),
    "fluid_player_play": (_INT, [_POINTER]),
}


def synthesize(
    midi: bytes, soundfont: Path, *, n_samples: int, sr: int, reverb: bool = False, chorus: bool = False
) -> NDArray[np.float32]:
    """The first samples of a MIDI file.

    Parameters
    ----------
    midi
        A standard MIDI file's content.
    soundfont
        The path of an SF2 or SF3 file.
    n_samples, sr
        How many samples to render, at which rate.
    reverb, chorus
        Whether the synthesizer's own effects sound.

    Returns
    -------
    stereo
        Shape (2, n_samples).

    Raises
    ------
    MissingError
        If there is no FluidSynth.
    OSError
        If it cannot read the SoundFont or the MIDI file.
    """
    fluid = library()
    lent = _loaded(soundfont)
    synth = fluid.new_fluid_synth(_settings(sr))
    fluid.fluid_synth_add_sfont(synth, lent)
    fluid.fluid_synth_reverb_on(synth, _ALL_GROUPS, int(reverb))
    fluid.fluid_synth_chorus_on(synth, _ALL_GROUPS, int(chorus))
    player = fluid.new_fluid_player(synth)
    try:
        stereo = np.zeros((2, n_samples), np.float32)
        left, right = (channel.ctypes.data for channel in stereo)
        if (
            fluid.fluid_player_add_mem(player, midi, len(midi))
            or fluid.fluid_player_play(player)
            or fluid.fluid_synth_write_float(synth, n_samples, left, 0, 1, right, 0, 1)
        ):
            raise OSError("FluidSynth cannot play this MIDI file")
        return stereo
    finally:
        fluid.delete_fluid_player(player)
        fluid.fluid_synth_remove_sfont(synth, lent)  # else it would go with the synthesizer
        fluid.delete_fluid_synth(synth)


@cache
def library() -> ctypes.CDLL:
    """The shared library.

    Raises
    ------
    MissingError
        If it is not installed.
    """
    name = ctypes.util.find_library("fluidsynth")
    if name is None:
        raise MissingError("no FluidSynth library; install the Debian package fluidsynth")
    fluid = ctypes.CDLL(name)
    for function, (result, arguments) in _SIGNATURES.items():
        getattr(fluid, function).restype = result
        getattr(fluid, function).argtypes = arguments
    for level in _LOG_LEVELS:
        fluid.fluid_set_log_function(level, None, None)
    return fluid


@cache
def _settings(sr: int) -> int:
    fluid = library()
    settings: int = fluid.new_fluid_settings()
    fluid.fluid_settings_setnum(settings, b"synth.sample-rate", float(sr))
    fluid.fluid_settings_setnum(settings, b"synth.gain", _GAIN)
    return settings


@cache
def _loaded(soundfont: Path) -> int:
    """The SoundFont, decoded and taken out of the synthesizer that read it."""
    fluid = library()
    reader = fluid.new_fluid_synth(_settings(32000))
    identity = fluid.fluid_synth_sfload(reader, str(soundfont).encode(), 0)
    if identity < 0:
        raise OSError(f"FluidSynth cannot read the SoundFont {soundfont}")
    lent: int = fluid.fluid_synth_get_sfont_by_id(reader, identity)
    fluid.fluid_synth_remove_sfont(reader, lent)
    fluid.delete_fluid_synth(reader)
    return lent
