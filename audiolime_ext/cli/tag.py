"""``audiolime tag``: what a model says about a recording, window by window."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from audiolime_ext.cli.options import add_files, add_json, add_tagger, for_each_file, resolve_tagger, warn, whole


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("tag", help="what a model says about a recording", description=__doc__)
    add_files(parser)
    add_tagger(parser)
    parser.add_argument("--top-labels", type=whole(1), default=5, metavar="K", help="labels in the table (default: 5)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the leading labels of each file, or its whole taggram as JSON."""
    model = resolve_tagger(args)
    return for_each_file(args, lambda file: _tag(file, model, args))


def _tag(file: str, model: Any, args: Namespace) -> None:
    import numpy as np

    from audiolime_ext.audio import load_audio
    from audiolime_ext.files import to_json
    from audiolime_ext.tables import text_table
    from audiolime_ext.taggram import tag

    audio = load_audio(file)
    taggram = tag(audio, model, start_s=args.start or 0.0, duration_s=args.duration)
    if model.sr is not None and audio.sr < model.sr:
        warn(
            f"{file} has a rate of {audio.sr} Hz and the model listens at {model.sr} Hz: "
            f"it hears nothing above {audio.sr / 2000:g} kHz"
        )
    if not audio.samples.any():
        warn(f"{file} is silent; these are the model's scores of silence")
    if args.json:
        found = {
            "file": file,
            "tagger": args.tagger,
            "labels": list(taggram.labels),
            "times_s": taggram.times_s.tolist(),
            "scores": taggram.scores.tolist(),
            "padded": taggram.padded.tolist(),
            "mean": taggram.mean.tolist(),
        }
        print(to_json(found))
        return
    leading = np.argsort(-taggram.mean, kind="stable")[: args.top_labels]
    whole = ~taggram.padded
    rows = []
    for column in leading:
        scores = taggram.scores[whole, column]
        at = taggram.times_s[whole][int(np.argmax(scores))]
        rows.append([taggram.labels[column], f"{taggram.mean[column]:.3f}", f"{scores.max():.3f}", f"{at:.2f} s"])
    print(f"{file}: {args.tagger}, {int(whole.sum())} windows")
    print(text_table(["", "mean", "highest", "at"], rows))
