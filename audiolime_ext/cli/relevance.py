"""``audiolime relevance``: where in time and frequency a label's score comes from, by gradients.

A command of its own, beside ``explain``, whose separator, segments, masks and checks have no meaning here.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audiolime_ext.cli.gradients import METHODS_ARE, SHORT, add_layer
from audiolime_ext.cli.numbers import least, whole
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
from audiolime_ext.cli.question import (
    add_no_cache,
    add_target,
    label_numbers,
    labels_asked,
    require_one_target,
    target_of,
)
from audiolime_ext.files.names import legible, utf8

MOST_WINDOWS = 3  # that are explained, unless every one is wanted
FEWEST_STEPS, MOST_STEPS = 9, 256  # of an integral
UNKEPT = "; nothing is kept for another run: no fingerprint or version tells the model from a changed one"
PICTURE, PART, REST = "picture.png", "part.wav", "rest.wav"


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "relevance",
        help="where in time and frequency a label's score comes from, for models that can be differentiated",
        description="Show at which moments and in which bands of the spectrogram a label's score arises, by "
        "following the gradients of a model (musicnn, or one of PyTorch, Keras or ONNX). The "
        f"{MOST_WINDOWS} windows of the highest score are explained, or --every one; a trial of one window says first "
        "what that takes.",
    )
    add_files(parser)
    add_model(parser)
    parser.add_argument("--labels", nargs="+", metavar="L", help="labels to explain, by name or number; put FILE first")
    add_target(parser)
    parser.add_argument("--method", default="integrated", help=f"{METHODS_ARE}; default integrated")
    add_layer(parser)
    parser.add_argument(
        "--against",
        metavar="LABEL",
        help="with grad-cam: where a label's map is stronger than that of LABEL, as the logarithm of their ratio",
    )
    parser.add_argument(
        "--baseline",
        default="silence",
        metavar="B",
        help="where Integrated Gradients begin: silence (default), mean (of all windows) or another recording",
    )
    parser.add_argument(
        "--near",
        type=least(0),
        metavar="D",
        help="leave out windows whose value differs from the baseline's by less (default .05 for scores)",
    )
    parser.add_argument(
        "--most-steps",
        type=whole(FEWEST_STEPS),
        metavar="N",
        help="most steps of an integral: more make gaps smaller (default 256)",
    )
    parser.add_argument(
        "--blur-frames",
        type=least(0),
        default=0.0,
        metavar="F",
        help="blur the map along time, for the eye: standard deviation in frames (default: none)",
    )
    parser.add_argument("--every", action="store_true", help=f"explain every window, not the {MOST_WINDOWS} strongest")
    parser.add_argument(
        "--percentile",
        type=int,
        choices=(90, 95, 99),
        default=95,
        help=f"cells heard in {PART}: those of largest relevance, from this percentile on (default %(default)s)",
    )
    parser.add_argument(
        "--faithfulness",
        nargs="?",
        const="default",
        choices=("default", "all"),
        help="also ask the model without what the map names, and about that alone; all: also make the map of networks "
        "with random weights",
    )
    parser.add_argument(
        "--seed",
        type=whole(0),
        default=0,
        metavar="N",
        help="random seed for noisy copies, random orders and intervals (default %(default)s)",
    )
    add_no_cache(parser)
    what = f"folder for the map, {PICTURE}, {PART} and {REST} (its most relevant part, and the rest), in "
    add_output(parser, "DIR", f"{what}DIR/<file name>/<label>/")
    add_json(parser, "an object for each file and label")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Explain each label of each file."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.gradients.methods.grad_cam import require_layered
    from audiolime_ext.gradients.pipeline import require_consistent
    from audiolime_ext.prediction.capabilities import require_differentiable

    args.method = SHORT.get(args.method, args.method)
    require_consistent(args.method, layer=args.layer, baseline=args.baseline)
    require_one_target(args)
    _require_of_use(args)
    args.files = recordings(args.files)
    folders = {} if args.output is None else output_folders(args.files, args.output)
    require_some(args.files)
    baseline = _baseline(args.baseline)
    model = resolve_model(args)
    require_differentiable(model)
    if args.method == "grad-cam":
        require_layered(model, args.layer)
    labels: list[Any] = list(labels_asked(args, model) or ())
    (args.against,) = label_numbers(None if args.against is None else [args.against], model) or (None,)
    if args.against in labels:
        raise UsageError(f"--against {args.against} is one of the --labels, and compared with itself; name another")
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


def _require_of_use(args: Namespace) -> None:
    """Refuse options that the method has no use for."""
    from audiolime_ext.errors import UsageError

    for name in ("near", "most_steps"):
        if getattr(args, name) is not None and args.method != "integrated":
            option = name.replace("_", "-")
            raise UsageError(f"--{option} is for integrated, and not for {args.method}; leave it out")
    if args.against is None:
        return
    if args.method != "grad-cam":
        raise UsageError("--against is for maps of grad-cam; for others name two labels: --contrast")
    if args.contrast is not None:
        raise UsageError("--against compares the maps of two labels, and --contrast has one map; give one of the two")
    if args.faithfulness is not None:
        raise UsageError("--faithfulness is of one map, and --against has the ratio of two; leave one of them out")


def _explain(given: Any, model: Any, labels: list[Any], baseline: Any, folder: Path | None, args: Namespace) -> None:
    """All labels of one file; what it takes is told first."""
    from audiolime_ext.audio.recording import load_audio
    from audiolime_ext.audio.silence import require_sound
    from audiolime_ext.cache import identity
    from audiolime_ext.files.names import file_name
    from audiolime_ext.gradients.checks.again import where_of
    from audiolime_ext.gradients.cost import cost
    from audiolime_ext.gradients.methods.against import against
    from audiolime_ext.gradients.pipeline import relevance

    audio, start_s = load_audio(given), args.start or 0.0
    first, end = audio.span(start_s, args.duration)
    require_sound(audio, start_s, (end - first) / audio.sr, model.n_channels)
    where: dict[str, Any] = {"start_s": start_s, "duration_s": args.duration}
    every = None if args.every else MOST_WINDOWS
    n_values = len(labels) * (1 if args.against is None else 2)
    most_steps = args.most_steps or MOST_STEPS
    asked: dict[str, Any] = {"n_values": n_values, "strongest": every, "checks": args.faithfulness}
    asked["most_steps"] = most_steps
    expected = cost(audio, model, method=args.method, **asked, **where)
    loose = not args.no_cache and identity(model) is None
    print(f"audiolime: {utf8(audio.name)}: {expected}, by a trial of one window{UNKEPT * loose}", file=sys.stderr)
    how = {"target": target_of(args), "method": args.method, "layer": args.layer, "baseline": baseline}
    how |= {"near": args.near, "most_steps": most_steps, "blur_frames": args.blur_frames}
    how |= {"seed": args.seed, "cache": not args.no_cache}
    taken: set[str] = set()
    made: list[str] = []  # maps that may be in the cache
    with _told_how_to_go_on(made):
        for label in labels:
            found = relevance(audio, model, label=label, strongest=every, **how, **where)
            made += [] if args.no_cache or loose else [found.label]
            if args.against is not None:
                same = where_of(found, audio, model)
                found = against(found, relevance(audio, model, label=args.against, **how, **same))
            checks = {} if args.faithfulness is None else _checked(found, model, how, args)
            own = None if folder is None else folder / file_name(found.label, taken)
            taken |= set() if own is None else {own.name}
            _show(found, own, args, checks)


@contextmanager
def _told_how_to_go_on(made: list[str]) -> Iterator[None]:
    """Let whoever interrupts after a map was made know, too, that it is not lost, if it is in the cache."""
    try:
        yield
    except KeyboardInterrupt as interrupted:
        if made and len(interrupted.args) == 1:  # else more is known of what is kept
            words = "nothing is left half-written; run the same command again: maps in the cache are not made twice"
            interrupted.args = (*interrupted.args, words)
        raise


def _checked(found: Any, model: Any, how: dict[str, Any], args: Namespace) -> dict[str, Any]:
    """What the model says of the map, check by check, and why one is lacking."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.gradients.checks.faithfulness import faithfulness
    from audiolime_ext.gradients.checks.randomised import map_randomisation, require_randomisable

    if not found.explained:
        return {"reason": "no window is explained, so there is nothing to check"}
    of = {"target": how["target"], "baseline": how["baseline"]}
    checks: dict[str, Any] = {"map": faithfulness(found, model, percentile=args.percentile, seed=args.seed, **of)}
    if args.faithfulness == "all":
        try:
            require_randomisable(model)
        except UsageError as error:
            return checks | {"reason": str(error)}
        options = {name: how[name] for name in ("method", "layer", "most_steps", "blur_frames", "seed", "cache")}
        checks["randomisation"] = map_randomisation(found, model, **of, **options)
    return checks


def _show(found: Any, folder: Path | None, args: Namespace, checks: dict[str, Any]) -> None:
    """Write the files if a folder is given, then print the tables or the JSON object."""
    from audiolime_ext.files.plain import to_json

    files, why_silent = ({}, None) if folder is None else write_map(found, folder, percentile=args.percentile)
    share = float(found.highlights(args.percentile, side="for")[found.covered].mean()) if found.explained else 0.0
    if args.json:
        kept = {"files": {name: str(path) for name, path in files.items()}, "no_sound": why_silent}
        heard = {"percentile": args.percentile, "share": share}
        plain = {name: one if name == "reason" else one.to_dict() for name, one in checks.items()}
        print(to_json(found.to_dict() | kept | heard | ({"faithfulness": plain} if checks else {})))
        return
    print(found)
    for name, path in files.items():
        print(f"{name}: {legible(path)}")
    if "part" in files:
        which = f"those that speak for it, from the {args.percentile}th percentile of relevance on"
        print(f"the part is {100 * share:.1f} % of the cells: {which}")
    if why_silent:
        print(f"no sound: {why_silent}")
    for name, one in checks.items():
        print(f"\n{'not checked: ' if name == 'reason' else ''}{one}")


def write_map(found: Any, folder: Path, *, percentile: float = 95.0) -> tuple[dict[str, Path], str | None]:
    """Write all or nothing; the files by what they are, and why there is no sound, where there is none."""
    from audiolime_ext.files.fresh import fresh_folder
    from audiolime_ext.gradients.methods.grad_cam import RATIO
    from audiolime_ext.gradients.saved import FILE_NAME
    from audiolime_ext.report.figures.figure import write_figure

    names = {"map": FILE_NAME, "picture": PICTURE}
    with fresh_folder(folder) as fresh:
        found.save(fresh)
        write_figure(found, fresh / PICTURE)
        if found.bands_hz is None:
            why_silent = "the front end does not say which frequencies its bands are"
        elif found.method.startswith(RATIO):
            why_silent = "a ratio is as large where both maps are next to nothing; listen to the maps of the two"
        elif not found.highlights(percentile, side="for").any():
            why_silent = f"nothing speaks for {utf8(found.label)}"
        else:
            why_silent = None
            found.listen(percentile).write(fresh / PART)
            found.rest(percentile).write(fresh / REST)
            names |= {"part": PART, "rest": REST}
    if why_silent:  # sounds of an earlier map are not this one's
        for name in (PART, REST):
            (folder / name).unlink(missing_ok=True)
    return {what: folder / name for what, name in names.items()}, why_silent
