"""``audiolime concepts FOLDER -m MODEL --layer NAME``: measure what a store lacks, find concepts, and test them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.cli.concepts.options import add_finding, found_in
from audiolime_ext.cli.manifests import SOURCE, add_reading
from audiolime_ext.cli.numbers import duration, whole
from audiolime_ext.cli.options import DEFAULT_MODEL, SOME_FAILED, add_json, add_model, add_output, warn
from audiolime_ext.cli.workers import add_workers, cluster, policy_of
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted, share_of

ENDING = ".concepts"
_SQLITE = b"SQLite format 3\0"


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser: ArgumentParser = commands.add_parser(
        "run",
        help="measure songs, find concepts, and test them (the default: audiolime concepts FOLDER)",
        description="Split the songs of some classes into patches, ask a model about each, and keep what it says in a "
        "store. You may stop it and run it again: what is done is neither lost nor repeated. Then patches that a layer "
        "holds for alike are gathered in half of the songs, and what they mean to their class is tested on the other "
        "half. Of a store alone (audiolime concepts NAME.concepts) the concepts are found and tested again.",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help=f"{SOURCE}. Or a store, NAME{ENDING}: nothing is measured, concepts are found and tested again",
    )
    add_model(
        parser,
        default=None,
        shown=DEFAULT_MODEL,
        rate="of a model that states labels, but no rate (default: the model's own)",
    )
    parser.add_argument("--layer", metavar="NAME", help="layer in which concepts are directions, such as penultimate "
                        "of musicnn; left out, the model's layers are listed")  # fmt: skip
    parser.add_argument("--csv", metavar="FILE", help="also write every concept and class as a table")
    add_output(parser, "STORE", f"store to write (default: SOURCE{ENDING})")
    add_json(parser)
    _add_songs(parser)
    add_finding(parser.add_argument_group("how concepts are found and tested"))
    group = add_workers(parser, merged="join the stores with audiolime concepts merge")
    group.add_argument("--dry-run", action="store_true", help="measure a few songs, keep no result, and estimate the "
                       "cost of all")  # fmt: skip
    parser.set_defaults(run=run)


def _add_songs(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("the songs, and how they are split")
    group.add_argument("--labels", nargs="+", metavar="L", help="only classes of these labels, two or more (default: "
                       "all of SOURCE)")  # fmt: skip
    group.add_argument("--songs", dest="n_songs", type=whole(10), default=50, metavar="N", help="most songs of each "
                       "class; of more, that many are drawn, of albums in turn (default: %(default)s)")  # fmt: skip
    group.add_argument("--split", dest="splits", nargs="+", default=["slic:10", "slic:15", "slic:25"], metavar="SPEC",
                       help="what splits a song into patches, one or more: slic:15 (regions of a spectrogram), bands, "
                       "spleeter:2stems, … (default: slic:10 slic:15 slic:25)")  # fmt: skip
    group.add_argument("--no-controls", dest="controls", action="store_false", help="ask about no patch in another "
                       "song's place: half the predictions, and nothing is known of places and additions")  # fmt: skip
    add_reading(group)
    group.add_argument("--duration", type=duration, metavar="S", help="length of the excerpt in seconds, from the "
                       "middle of each song, where SOURCE names none (default: 10, or the model's window if that is "
                       "longer)")  # fmt: skip


def run(args: Namespace) -> int:
    """Measure if there are songs, then find and test."""
    from audiolime_ext.concepts.measurement.store import ConceptStore
    from audiolime_ext.concepts.pipeline import plan_concepts

    _require_table(args)
    if _is_store(args):
        return _again(args)
    policy, store = policy_of(args), Path(args.output or _store_of(args.source))
    if not args.dry_run:
        ConceptStore.require_place(store)
    if args.layer is None:
        raise _which_layer(args)
    with cluster(args.cluster) as (executor, at_once):
        planned = plan_concepts(
            args.source,
            args.model or DEFAULT_MODEL,
            args.layer,
            splits=args.splits,
            n_songs=args.n_songs,
            labels=args.labels,
            columns=dict(args.column),
            ignore=args.ignore,
            root=args.root,
            label_map=args.map,
            duration_s=args.duration,
            controls=args.controls,
            seed=args.seed,
            shard=args.shard,
            workers=args.workers,
            threads=args.threads,
            executor=executor,
            at_once=at_once,
            sr=args.sr,
            batch_size=args.batch_size,
        )
        for note in planned.notes:
            warn(note)
        if args.dry_run:
            return _tell_estimate(planned.estimate(), args)
        if store.exists():  # one that does not fit is refused before anything is told
            with ConceptStore.create_or_resume(store, planned.identity):
                pass
        _tell_plan(planned, args)
        planned.run(store, policy)
    return _tell(store, args, {entry.key for entry in planned.mine})


def _which_layer(args: Namespace) -> Exception:
    """An error that lists the model's layers, where none is named."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.prediction.loading import load_model

    model = load_model(args.model or DEFAULT_MODEL, sr=args.sr, batch_size=args.batch_size)
    layers = ", ".join(map(legible, getattr(model, "layers", ()))) or "it has none that can be read"
    return UsageError(f"name the layer of {args.model or DEFAULT_MODEL} with --layer: {layers}")


def _again(args: Namespace) -> int:
    """Find and test the concepts of a store once more."""
    from audiolime_ext.errors import UsageError

    given = {"--model": args.model, "--layer": args.layer, "--output": args.output, "--labels": args.labels}
    given |= {"--shard": args.shard, "--cluster": args.cluster, "--dry-run": args.dry_run or None}
    if named := [flag for flag, value in given.items() if value is not None]:
        raise UsageError(
            f"{legible(args.source)} is a store, and nothing is measured for it: leave {named[0]} out, or name a "
            "folder or a table of songs"
        )
    return _tell(Path(args.source), args)


def _is_store(args: Namespace) -> bool:
    """Whether SOURCE is a store: by its content, or, where no model is named, by its name."""
    path = Path(args.source)
    if path.is_dir():
        return False
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(_SQLITE)) == _SQLITE:
                return True
    return path.suffix == ENDING


def _store_of(source: str) -> Path:
    """``songs.concepts`` beside ``songs.csv``, or beside a folder."""
    named = Path(source) if Path(source).name not in ("", "..") else Path(source).resolve()
    return named.with_suffix(ENDING) if named.is_file() else named.with_name(f"{named.name}{ENDING}")


def _require_table(args: Namespace) -> None:
    from audiolime_ext.concepts.saved import is_table
    from audiolime_ext.errors import UsageError
    from audiolime_ext.files.places import require_writable_file
    from audiolime_ext.files.reading import text_of

    if args.csv is None:
        return
    if args.shard is not None:
        raise UsageError("--csv is of all songs, and --shard measures a part; merge the shards first, or leave it out")
    if Path(args.csv).suffix.lower() != ".csv":
        raise UsageError(f"--csv {legible(args.csv)} is no table; end its name in .csv")
    require_writable_file(Path(args.csv))
    if Path(args.csv).exists() and not is_table(text_of(Path(args.csv))):
        raise UsageError(f"--csv {legible(args.csv)} is there, and is no table of concepts; name another file")


def _tell_plan(planned: Any, args: Namespace) -> None:
    """Say on stderr what is about to be done."""
    about, n = planned.identity, len(planned.mine)
    songs = counted(len(about.labels), "class", "classes")
    print(
        f"audiolime: {counted(n, 'song')} of {songs}, {about.duration_s:g} s each, in patches of "
        f"{', '.join(map(legible, about.splits))}; {legible(about.model)} is asked about each patch alone, and about "
        f"its window without it, at layer {legible(about.layer)} (--dry-run says how long that takes)",
        file=sys.stderr,
    )


def _tell(store: Path, args: Namespace, mine: set[str] | None = None) -> int:
    """Find, test and print; name the songs (of `mine`) that could not be measured, and give the exit code."""
    from audiolime_ext.files.plain import to_json

    about, failures = counts(store)
    mine_failed = [failure for failure in failures if mine is None or failure.task in mine]
    for failure in mine_failed:
        warn(f"{failure.name}: {failure.reason}")
    if args.shard is None:
        found = found_in(store, args)
        if args.csv is not None:
            found.write_csv(args.csv)
        print(to_json(about | {"csv": args.csv} | found.to_dict()) if args.json else f"{measured(about)}\n{found}")
    else:
        print(to_json(about) if args.json else f"{measured(about)}; join it with the others: audiolime concepts merge")
    return SOME_FAILED if mine is not None and mine_failed else 0


def counts(store: str | Path) -> tuple[dict[str, Any], list[Any]]:
    """How many songs a store has, and has measured; and what could not be."""
    from audiolime_ext.concepts.measurement.store import ConceptStore

    with ConceptStore.read(Path(store)) as opened:
        entries = opened.entries()
        n_left = len(opened.missing([entry.task for entry in entries]))
        keys = {entry.key for entry in entries}
        failures = [failure for failure in opened.failures() if failure.task in keys]
    n_failed = len(failures)
    n_done = len(entries) - n_left - n_failed
    return {"store": str(store), "n_songs": len(entries), "n_done": n_done, "n_failed": n_failed}, failures


def measured(about: dict[str, Any]) -> str:
    """The same in words."""
    return f"{share_of(about['n_done'], about['n_songs'], 'song')} in {legible(about['store'])}"


def _tell_estimate(estimate: Any, args: Namespace) -> int:
    from dataclasses import asdict

    from audiolime_ext.cli.cache import size
    from audiolime_ext.collection.engine.choosing import n_cores
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.progress.progress import span

    if args.json:
        print(to_json(asdict(estimate)))
        return 0
    n_workers = n_cores() if args.workers is None else max(1, args.workers)
    n_workers = 1 if args.cluster else min(n_workers, estimate.n_songs)
    seconds = estimate.seconds, estimate.least_s, estimate.most_s
    usual, least, most = (span(estimate.start_s + one / n_workers) for one in seconds)
    within = "" if least == most else f" ({least} to {most}, as fast or slow as those that were timed)"
    patches = counted(estimate.n_patches, "patch", "patches")
    print(
        f"{counted(estimate.n_songs, 'song')}, about {patches} and {counted(estimate.n_asked, 'prediction')}: "
        f"measuring takes about {usual}{within} with {counted(n_workers, 'worker')}, if the machine stays as free as "
        f"it is now; {size(estimate.n_bytes)} of results. No result was kept"
    )
    return 0
