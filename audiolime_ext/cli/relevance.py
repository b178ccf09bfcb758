"""``audiolime relevance``: where in time and frequency a label's score comes from, by gradients.

A command of its own, beside ``explain``, whose separator, segments, masks and checks have no meaning here.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.gradients import METHODS_ARE, SHORT, add_layer
from audiolime_ext.cli.numbers import whole
from audiolime_ext.cli.options import (
    add_files,
    add_json,
    add_model,
    add_output,
    as_called,
    for_each_file,
    names_apart,
    output_folders,
    recordings,
    require_some,
    resolve_model,
)
from audiolime_ext.cli.question import add_target, labels_asked, require_one_target, target_of
from audiolime_ext.files.names import legible, utf8

MOST_WINDOWS = 3  # that are explained, unless every one is wanted
PICTURE, PART, REST = "picture.png", "part.wav", "rest.wav"


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "relevance",
        help="where in time and frequency a label's score comes from, for models that can be differentiated",
        description="Follow the gradients of a model (musicnn, or one of PyTorch, Keras or ONNX) and show which "
        f"moments and bands of the spectrogram a label's score comes from. The {MOST_WINDOWS} windows of the highest "
        "score are explained, or --every one; what that takes is said before it begins, by a trial of one window.",
    )
    add_files(parser)
    add_model(parser)
    parser.add_argument("--labels", nargs="+", metavar="L", help="labels to explain, by name or number; put FILE first")
    add_target(parser)
    parser.add_argument(
        "--method",
        default="integrated",
        help=f"{METHODS_ARE}; default integrated",
    )
    add_layer(parser)
    parser.add_argument(
        "--baseline",
        default="silence",
        metavar="B",
        help="where Integrated Gradients begin: silence (default), mean (of all windows) or another recording",
    )
    parser.add_argument("--every", action="store_true", help=f"explain every window, not the {MOST_WINDOWS} strongest")
    parser.add_argument(
        "--seed",
        type=whole(0),
        default=0,
        metavar="N",
        help="random seed for noisy copies, and for intervals of bands (default %(default)s)",
    )
    what = f"folder for the map, {PICTURE}, {PART} and {REST} (its most relevant part, and the rest), in "
    add_output(parser, "DIR", f"{what}DIR/<file name>/<label>/")
    add_json(parser, "an object for each file and label")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Explain each label of each file."""
    from audiolime_ext.gradients.grad_cam import require_layered
    from audiolime_ext.gradients.pipeline import require_consistent
    from audiolime_ext.prediction.capabilities import require_differentiable

    args.method = SHORT.get(args.method, args.method)
    require_consistent(args.method, layer=args.layer, baseline=args.baseline)
    require_one_target(args)
    args.files = recordings(args.files)
    folders = {} if args.output is None else output_folders(args.files, args.output)
    require_some(args.files)
    baseline = _baseline(args.baseline)
    model = resolve_model(args)
    require_differentiable(model)
    if args.method == "grad-cam":
        require_layered(model, args.layer)
    labels: list[Any] = list(labels_asked(args, model) or ())
    names = names_apart(args.files)

    def work(file: str) -> None:
        _explain(as_called(file, names), model, labels or [None], baseline, folders.get(file), args)

    return for_each_file(args, work)


def _baseline(given: str) -> Any:
    """A name of a baseline as it is, or the recording that it names; `UsageError` if it is neither."""
    from audiolime_ext.audio.recording import load_audio
    from audiolime_ext.errors import AudioError, UsageError
    from audiolime_ext.gradients.pipeline import BASELINES

    if given in BASELINES:
        return given
    try:
        return load_audio(given)
    except AudioError as error:
        raise UsageError(f"the baseline must be {', '.join(BASELINES)} or a recording; {error}") from error


def _explain(given: Any, model: Any, labels: list[Any], baseline: Any, folder: Path | None, args: Namespace) -> None:
    """All labels of one file; what it takes is told first."""
    from audiolime_ext.audio.recording import load_audio
    from audiolime_ext.audio.silence import require_sound
    from audiolime_ext.files.names import file_name
    from audiolime_ext.gradients.cost import cost
    from audiolime_ext.gradients.pipeline import relevance

    audio, start_s = load_audio(given), args.start or 0.0
    first, end = audio.span(start_s, args.duration)
    require_sound(audio, start_s, (end - first) / audio.sr, model.n_channels)
    where: dict[str, Any] = {"start_s": start_s, "duration_s": args.duration}
    where["strongest"] = None if args.every else MOST_WINDOWS
    expected = cost(audio, model, method=args.method, n_values=len(labels), **where)
    print(f"audiolime: {utf8(audio.name)}: {expected}, by a trial of one window", file=sys.stderr)
    how = {"target": target_of(args), "method": args.method, "layer": args.layer, "baseline": baseline}
    taken: set[str] = set()
    for label in labels:
        found = relevance(audio, model, label=label, seed=args.seed, **how, **where)
        own = None if folder is None else folder / file_name(found.label, taken)
        taken |= set() if own is None else {own.name}
        _show(found, own, as_json=args.json)


def _show(found: Any, folder: Path | None, *, as_json: bool) -> None:
    """Write the files if a folder is given, then print the table or the JSON object."""
    from audiolime_ext.files.plain import to_json

    files, why_silent = ({}, None) if folder is None else write_map(found, folder)
    if as_json:
        kept = {"files": {name: str(path) for name, path in files.items()}, "no_sound": why_silent}
        print(to_json(found.to_dict() | kept))
        return
    print(found)
    for name, path in files.items():
        print(f"{name}: {legible(path)}")
    if why_silent:
        print(f"no sound: {why_silent}")


def write_map(found: Any, folder: Path) -> tuple[dict[str, Path], str | None]:
    """Write all or nothing; the files by what they are, and why there is no sound, where there is none."""
    from audiolime_ext.files.fresh import fresh_folder
    from audiolime_ext.gradients.saved import FILE_NAME
    from audiolime_ext.report.figures.figure import write_figure

    names = {"map": FILE_NAME, "picture": PICTURE}
    with fresh_folder(folder) as fresh:
        found.save(fresh)
        write_figure(found, fresh / PICTURE)
        if found.bands_hz is None:
            why_silent = "the front end does not say which frequencies its bands are"
        elif not found.highlights(side="for").any():
            why_silent = f"nothing speaks for {utf8(found.label)}"
        else:
            why_silent = None
            found.listen().write(fresh / PART)
            found.rest().write(fresh / REST)
            names |= {"part": PART, "rest": REST}
    if why_silent:  # sounds of an earlier map are not this one's
        for name in (PART, REST):
            (folder / name).unlink(missing_ok=True)
    return {what: folder / name for what, name in names.items()}, why_silent
