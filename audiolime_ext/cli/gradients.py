"""The options that ask for a map of gradients: those of ``relevance``, and ``--gradients`` beside stems.

Words are those of `audiolime_ext.gradients.pipeline.relevance`; ``ig`` is short for ``integrated``.
"""

from __future__ import annotations

import sys
from argparse import Namespace, _ActionsContainer
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SHORT = {"ig": "integrated"}
METHODS_ARE = (
    "integrated or ig (Integrated Gradients: sums to the difference from the baseline), smooth-integrated (the same of "
    "noisy copies), gradients (SmoothGrad), grad-cam (of a --layer)"
)

NOT_COMPARED = "not compared with the weights: the front end does not say which frequencies its bands are"


def add_gradients(parser: _ActionsContainer, *, beside: str) -> None:
    """`--gradients` and its `--layer`; `beside` says what the map stands beside."""
    parser.add_argument("--gradients", metavar="METHOD", help=f"also make a map of gradients {beside}: {METHODS_ARE}")
    add_layer(parser)


def add_layer(parser: _ActionsContainer) -> None:
    """`--layer`."""
    parser.add_argument("--layer", metavar="NAME", help="layer of the model for grad-cam, such as cnn2 of musicnn")


def map_asked(args: Namespace) -> dict[str, str | None] | None:
    """`method` and `layer` of the map that is asked for; None: none is.

    Raises
    ------
    UsageError
        If the method is unknown, or a layer is named that it has no use for.
    """
    from audiolime_ext.errors import UsageError
    from audiolime_ext.gradients.pipeline import require_consistent

    if args.gradients is None:
        if args.layer is not None:
            raise UsageError("--layer is for --gradients grad-cam; give both, or leave --layer out")
        return None
    method = SHORT.get(args.gradients, args.gradients)
    require_consistent(method, layer=args.layer, baseline="silence")
    return {"method": method, "layer": args.layer}


def require_map_asked(args: Namespace, model: Any) -> None:
    """Refuse, before any file is read, a model of which the map that is asked for cannot be made; `UsageError`."""
    from audiolime_ext.gradients.cost import require_map

    if asked := map_asked(args):
        require_map(model, str(asked["method"]), asked["layer"])


def maps_beside(args: Namespace, explained: Sequence[Any], given: Any, model: Any) -> list[Any]:
    """The map of each label of a recording that was explained, in one way or several; what it takes is told first."""
    from audiolime_ext.audio.recording import load_audio
    from audiolime_ext.files.names import utf8
    from audiolime_ext.gradients.parts.beside import cost_beside, map_beside

    asked: dict[str, Any] | None = map_asked(args)
    if asked is None:
        return []
    audio, first = load_audio(given), explained[0]
    labels = list(dict.fromkeys(label for one in explained for label in one.labels))
    expected = cost_beside(first, audio, model, method=str(asked["method"]), n_values=len(labels))
    print(f"audiolime: {utf8(audio.name)}: {expected}, by a trial of one window", file=sys.stderr)
    return [map_beside(first, audio, model, label=label, cache=not args.no_cache, **asked) for label in labels]


def show_maps(maps: Sequence[Any], explained: Any, folder: Path | None, *, as_json: bool) -> dict[str, Any]:
    """Write each map and compare it with the weights; print that, or with `as_json` give what to add to the object."""
    from audiolime_ext.cli.relevance import write_map
    from audiolime_ext.files.names import file_name, legible
    from audiolime_ext.gradients.parts.agreement import agreement
    from audiolime_ext.gradients.parts.beside import asked_of

    taken = set[str]()
    objects = list[dict[str, Any]]()
    for found in maps:
        own = None if folder is None else folder / file_name(found.label, taken)
        taken |= set() if own is None else {own.name}
        files, why_silent = ({}, None) if own is None else write_map(found, own)
        agreed = None if found.bands_hz is None else agreement(found, explained)
        if as_json:
            kept: dict[str, Any] = {"files": {name: str(path) for name, path in files.items()}, "no_sound": why_silent}
            kept |= {"asked": dict(zip(("method", "layer"), asked_of(found), strict=True))}
            objects.append({**found.to_dict(), **kept, "agreement": None if agreed is None else agreed.to_dict()})
            continue
        print(f"\n{found}\n\n{agreed or NOT_COMPARED}")
        for name, path in files.items():
            print(f"{name}: {legible(path)}")
        if why_silent:
            print(f"no sound: {why_silent}")
    return {"gradients": objects} if objects else {}
