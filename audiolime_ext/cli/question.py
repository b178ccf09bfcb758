"""The options that `explain` and `page` share: labels, target, baseline and method."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _ActionsContainer
from typing import Any

from audiolime_ext.cli.numbers import score, segments, whole

MIN_SCORE = 0.3


def add_question(parser: ArgumentParser, *, top_labels: str) -> None:
    """`--labels` to `--seed`; `top_labels` says how many labels are explained if none is named."""
    parser.add_argument("--labels", nargs="+", metavar="L", help="labels to explain, by name or number; put FILE first")
    parser.add_argument(
        "--top-labels", type=whole(1), metavar="K", help=f"or explain the K highest labels ({top_labels})"
    )
    parser.add_argument(
        "--segments",
        type=segments,
        default=1,
        metavar="N",
        help="time segments: N equal ones (default 1), beats, onsets, or boundaries in seconds such as 0.5,1.2,2.0",
    )
    parser.add_argument(
        "--method",
        default="auto",
        help="shapley (Shapley values, exact if --max-evals allows all masks), owen (stems exactly, then the segments "
        "within those that matter), auto (default: shapley, or owen if there are too many segments for exact values), "
        "lime (audioLIME's kernel), banzhaf, leave-one-out",
    )
    add_target(parser)
    parser.add_argument(
        "--baseline",
        default="silence",
        metavar="B",
        help="what 'off' sounds like: silence (default), noise, floor (noise at -80 dBFS) or another recording",
    )
    add_sampling(parser)


def add_target(parser: _ActionsContainer) -> None:
    """`--target` and `--contrast`."""
    parser.add_argument("--target", help="what is explained: score (default) or log-odds")
    parser.add_argument(
        "--contrast", nargs=2, metavar=("L", "M"), help="explain why label L and not M; instead of --target"
    )


def add_sampling(parser: _ActionsContainer) -> None:
    """`--max-evals` and `--seed`."""
    parser.add_argument(
        "--max-evals",
        type=whole(2),
        default=1024,
        metavar="N",
        help="most masks to evaluate for each excerpt or window (default %(default)s)",
    )
    parser.add_argument(
        "--seed", type=whole(0), default=0, metavar="N", help="random seed for sampling masks (default %(default)s)"
    )


def add_min_score(parser: _ActionsContainer) -> None:
    """`--min-score`: None where it is not given, which means `MIN_SCORE`."""
    parser.add_argument(
        "--min-score",
        type=score,
        metavar="P",
        help="without --labels and --top-labels: explain every label that scores P or more in a window that is "
        f"explained (default {MIN_SCORE})",
    )


def add_no_cache(parser: _ActionsContainer) -> None:
    """`--no-cache`."""
    parser.add_argument("--no-cache", action="store_true", help="compute everything anew and keep nothing on disk")


def require_known_words(args: Namespace) -> None:
    """Refuse a method or a kind of segments that does not exist, and two targets, before a model is fetched.

    Raises
    ------
    UsageError
        If one of them is unknown, or `--contrast` stands beside `--target` or `--labels`.
    """
    from audiolime_ext.attribution.methods import method_named
    from audiolime_ext.components.segments import require_known

    require_one_target(args)
    method_named(args.method)
    require_known(args.segments)


def require_one_target(args: Namespace) -> None:
    """Raise `UsageError` if `--contrast` stands beside `--target` or `--labels`."""
    from audiolime_ext.errors import UsageError

    if args.contrast is not None and args.target is not None:
        raise UsageError("--contrast explains the difference of two labels and --target one label; give one of the two")
    if args.contrast is not None and args.labels:
        raise UsageError("--contrast names the two labels that it explains; leave --labels out")


def labels_asked(args: Namespace, model: Any) -> list[str | int] | None:
    """The labels to explain; a question that the model cannot answer is refused before any file is read."""
    from audiolime_ext.prediction.targets import make_target

    labels = label_numbers(args.labels, model)
    if model.labels is not None:
        make_target(target_of(args), model.labels)
    return labels


def how_asked(args: Namespace) -> dict[str, Any]:
    """The arguments of a question that `explain` and `explain_track` share."""
    return {
        "target": target_of(args),
        "baseline": args.baseline,
        "method": args.method,
        "max_evals": args.max_evals,
        "seed": args.seed,
    }


def target_of(args: Namespace) -> Any:
    """What is explained: `--contrast`, `--target`, or the score."""
    return args.contrast or args.target or "score"


def label_numbers(given: list[str] | None, model: Any) -> list[str | int] | None:
    """Numbers are positions, unless the model has a label of that name; an unknown label is refused at once."""
    from audiolime_ext.prediction.labels import label_indices

    if given is None:
        return None
    names = set(model.labels or ())
    labels = [int(label) if label.isdecimal() and label not in names else label for label in given]
    if model.labels is not None:
        label_indices(labels, model.labels)
    return labels
