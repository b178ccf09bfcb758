"""``audiolime index``: the vectors of a collection's songs, kept in a folder and kept up to date."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.cli.numbers import duration
from audiolime_ext.cli.options import SOME_FAILED, add_json, add_model, add_output, warn
from audiolime_ext.cli.workers import add_workers, cluster, policy_of
from audiolime_ext.text import counted, share_of

if TYPE_CHECKING:
    from audiolime_ext.collection.index import Index


def add(commands: Any) -> None:
    """Add the command's parser, and those of its own commands."""
    parser = commands.add_parser(
        "index",
        help="make, or bring up to date, an index of a collection, for audiolime similar",
        description="Make an index of a collection's songs: audiolime index FOLDER -o NAME.index. The same command "
        "brings it up to date, and goes on where it was stopped. For a folder that has the name of a command, write "
        "./run or ./merge.",
    )
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_run(inner)
    _add_merge(inner)
    parser.default = inner.choices["run"]


def _add_run(commands: Any) -> None:
    parser: ArgumentParser = commands.add_parser(
        "run",
        help="index a folder or a table (the default: audiolime index FOLDER)",
        description="Hear every song of a collection, and keep its vector. Songs that are new or were changed are "
        "heard; files that were renamed are known by their content; songs whose files are gone are left out.",
    )
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="folder of recordings, at any depth; a CSV with the column path and, if wanted, title, artist, album, "
        "genre and year; or fma:DIR?subset=small&split=test",
    )
    add_model(parser, default=None, shown="musicnn:MSD_musicnn?layer=penultimate; with --vectors: not known")
    parser.add_argument(
        "--vectors",
        metavar="FILE",
        help="vectors that are known already (npz, parquet, csv): nothing is heard. With SOURCE, each row is given to "
        "the recording that it names, by path or by title and artist",
    )
    parser.add_argument(
        "--features", nargs="+", metavar="COLUMN", help="columns of --vectors to take (default: all that are features)"
    )
    parser.add_argument("--root", metavar="DIR", help="folder that paths of a table are relative to (default: its own)")
    parser.add_argument(
        "--middle",
        type=duration,
        metavar="S",
        help="hear this many seconds from the middle of each song (default: all of it)",
    )
    parser.add_argument(
        "--stems",
        metavar="SPEC",
        help="split each song (spleeter:2stems, hpss, ...), and keep what each stem adds to its vector, too: for "
        "reasons and for similar --weight. Every mix of the stems is heard, which takes many times as long",
    )
    parser.add_argument("--windows", action="store_true", help="keep the vectors of single windows, too")
    add_output(parser, "INDEX", "index to write (default: SOURCE.index)")
    add_json(parser)
    add_workers(parser, merged="join the indexes with audiolime index merge")
    parser.set_defaults(run=run)


def _add_merge(commands: Any) -> None:
    parser: ArgumentParser = commands.add_parser(
        "merge",
        help="join the indexes that shards wrote",
        description="Join indexes of one model: those of shards, or of several collections.",
    )
    parser.add_argument("indexes", nargs="+", metavar="INDEX", help="index to read")
    add_output(parser, "INDEX", "index to write; what it already holds stays", required=True)
    add_json(parser)
    parser.set_defaults(run=merge)


def run(args: Namespace) -> int:
    """Index, and say what there is."""
    from audiolime_ext.collection.indexing.making import MODEL, plan_index
    from audiolime_ext.errors import UsageError

    policy = policy_of(args)
    if args.vectors is not None:
        return _bring(args)
    if args.source is None:
        raise UsageError("name a folder or a table of recordings; or --vectors FILE, which are known already")
    if args.features is not None:
        raise UsageError("--features are columns of --vectors FILE; for features of the sound: -m features:tempo;level")
    folder = Path(args.output) if args.output else _index_of(args.source)
    with cluster(args.cluster) as (executor, at_once):
        plan = plan_index(
            args.source,
            args.model or MODEL,
            index=folder,
            root=args.root,
            middle_s=args.middle,
            windows=args.windows,
            stems=args.stems,
            shard=args.shard,
            workers=args.workers,
            threads=args.threads,
            executor=executor,
            at_once=at_once,
            sr=args.sr,
            batch_size=args.batch_size,
        )
        for note in plan.listing.notes:
            warn(note)
        index = plan.run(policy)
    _tell(index, args)
    return _failed(index, {song.key for song in plan.mine})


def merge(args: Namespace) -> int:
    """Join indexes, and say what there is."""
    from audiolime_ext.collection.indexing.merging import merge_indexes

    index = merge_indexes(args.indexes, args.output)
    _tell(index, args)
    return _failed(index)


def _bring(args: Namespace) -> int:
    """Index vectors that are known already, and say what there is."""
    from audiolime_ext.collection.indexing.bringing import plan_bringing
    from audiolime_ext.errors import UsageError

    heard = ("middle", "windows", "stems", "shard", "cluster", "workers")
    if given := [name for name in heard if getattr(args, name) not in (None, False)]:
        raise UsageError(f"--{given[0]} is for recordings that are heard; with --vectors nothing is, so leave it out")
    plan = plan_bringing(
        args.vectors,
        index=Path(args.output) if args.output else _index_of(args.source or args.vectors),
        source=args.source,
        model=args.model,
        root=args.root,
        features=args.features,
        sr=args.sr,
    )
    for note in plan.notes:
        warn(note)
    _tell(plan.run(), args)
    return 0


def _index_of(given: str) -> Path:
    """``songs.index`` beside ``songs``, or beside ``songs.csv``."""
    source = Path(given.removeprefix("fma:").partition("?")[0])
    named = source if source.name not in ("", "..") else source.resolve()
    return named.with_suffix(".index") if named.is_file() else named.with_name(f"{named.name}.index")


def _failed(index: Index, mine: Collection[str] | None = None) -> int:
    """Name the songs that could not be heard (of `mine`, else all), and give the exit code."""
    failures = [failure for failure in index.failures if mine is None or failure.task in mine]
    for failure in failures:
        warn(f"{failure.name}: {failure.reason}")
    return SOME_FAILED if failures else 0


def _tell(index: Index, args: Namespace) -> None:
    from audiolime_ext.files.names import legible
    from audiolime_ext.files.plain import to_json

    n_songs, n_features = index.vectors.shape
    if args.json:
        labels = index.labels and list(index.labels)
        about: dict[str, Any] = {"index": str(index.folder), "model": index.model, "labels": labels}
        counts = {"n_songs": n_songs, "n_features": n_features, "n_failed": len(index.failures)}
        counts["n_waiting"] = index.n_waiting
        if index.stems is not None:
            about["stems"] = {"factorization": index.stems.factorization, "names": list(index.stems.names)}
        failures = [{"name": failure.name, "reason": failure.reason} for failure in index.failures]
        print(to_json({**about, **counts, "failures": failures}))
        return
    n, left = n_songs + len(index.failures) + index.n_waiting, index.n_waiting
    numbers = f"{counted(n_features, 'number')} of {index.model or 'the catalogue'}"
    print(f"{share_of(n_songs, n, 'song')} in {legible(index.folder)}, each with {numbers}")
    if index.stems is not None:
        names = ", ".join(map(legible, index.stems.names))
        print(f"and as many for silence and for each stem that {legible(index.stems.factorization)} gave: {names}")
    if left:
        print(f"{counted(left, 'song is', 'songs are')} not heard yet: join the other shards, or run the command again")
