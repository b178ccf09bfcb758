"""``audiolime train-embedding``: an embedding trained on one's own songs, written as a model."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from audiolime_ext.cli.numbers import duration, positive, whole
from audiolime_ext.cli.options import add_json, add_output


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "train-embedding",
        help="train an embedding on your own songs, for audiolime index",
        description="Train a network to tell which pieces of sound are of one song, on the songs of a folder or a "
        "table, without labels, and write it as a model: audiolime index FOLDER -m onnx:FILE. The same command goes on "
        "where it was stopped. It needs the extra training; the model does not.",
    )
    parser.add_argument(
        "source", metavar="SOURCE", help="folder of recordings, at any depth; or a CSV with the column path"
    )
    parser.add_argument(
        "--recipe",
        default="parts",
        metavar="NAME",
        help="parts (the default): two pieces of a song, altered; founding: one piece twice, with a little noise, as "
        "published, for comparisons",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--minutes",
        type=positive,
        metavar="M",
        help="train for about this long (default: 30), besides preparing the songs",
    )
    length.add_argument("--steps", type=whole(0), metavar="N", help="or this many steps, the same on every machine")
    parser.add_argument(
        "--stems",
        metavar="SPEC",
        help="split each song (spleeter:2stems, hpss, ..., or a folder that holds a folder of true stems for each "
        "song): stems are muted, made louder or softer, and exchanged between songs",
    )
    parser.add_argument(
        "--seed",
        type=whole(0),
        default=0,
        metavar="N",
        help="random seed for weights, batches and held-out songs (default %(default)s)",
    )
    parser.add_argument(
        "--run",
        dest="folder",
        metavar="DIR",
        help="folder of the prepared songs and the checkpoint (default: FILE with .training in place of .onnx)",
    )
    parser.add_argument(
        "--threads",
        type=whole(1),
        default=1,
        metavar="N",
        help="threads (default %(default)s); with one, equal runs give equal weights",
    )
    parser.add_argument(
        "--middle",
        type=duration,
        default=120.0,
        metavar="S",
        help="take this many seconds from the middle of each song (default: 120)",
    )
    parser.add_argument("--root", metavar="DIR", help="folder that paths of a table are relative to (default: its own)")
    add_output(parser, "FILE", "model to write, ending in .onnx", required=True)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Train, and say how it went."""
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.recommendation.training.pipeline import train_embedding

    found = train_embedding(
        args.source,
        output=args.output,
        recipe=args.recipe,
        minutes=args.minutes,
        steps=args.steps,
        stems=args.stems,
        seed=args.seed,
        run=args.folder,
        threads=args.threads,
        middle_s=args.middle,
        root=args.root,
    )
    print(to_json(found.to_dict()) if args.json else found)
    return 0
