"""``audiolime audit MANIFEST``: measure what a store lacks, and print the findings."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.audit.verdict.glossary import OF_RUN, explained
from audiolime_ext.cli.audit.options import add_expected, add_threshold
from audiolime_ext.cli.manifests import SOURCE, add_reading
from audiolime_ext.cli.numbers import duration, whole
from audiolime_ext.cli.options import SOME_FAILED, add_factorization, add_json, add_model, add_output, warn
from audiolime_ext.cli.parser import Paragraphs
from audiolime_ext.cli.workers import add_workers, cluster, policy_of
from audiolime_ext.text import counted, share_of


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "run",
        help="measure every recording of a manifest (the default: audiolime audit MANIFEST.csv)",
        description="Measure every recording of a manifest and keep the results in a store. You may stop it, run it "
        "again or add recordings: what is done is neither lost nor repeated. The findings are printed at the end.",
        epilog=explained(OF_RUN),
        formatter_class=Paragraphs,
    )
    parser.add_argument(
        "manifest",
        metavar="MANIFEST",
        help=SOURCE,
    )
    add_factorization(parser)
    add_model(parser, rate="of a model that states labels, but no rate (default: the model's own)")
    add_output(parser, "STORE", "store to write (default: MANIFEST.sqlite)")
    add_json(parser)
    _add_reading(parser)
    _add_settings(parser)
    group = add_workers(parser, merged="join the stores with merge")
    group.add_argument("--dry-run", action="store_true", help="measure a few recordings, keep no result, "
                       "and estimate the cost of all")  # fmt: skip
    parser.set_defaults(run=run)


def _add_reading(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("the manifest, and how results are read")
    add_reading(group)
    group.add_argument("--duration", type=duration, metavar="S", help="length of the excerpt in seconds, from the "
                       "middle of each recording, where the manifest names none (default: 10, or the model's window if "
                       "that is longer)"
                       )  # fmt: skip
    add_expected(group, default="none: an effect that is shown is called a dependence")
    add_threshold(group, default="only the label with the highest score counts")


def _add_settings(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what is measured")
    group.add_argument(
        "--n-donors",
        type=whole(0),
        default=5,
        metavar="N",
        help="songs of other classes whose components are put into each recording (default: %(default)s)",
    )
    group.add_argument("--same", type=whole(0), default=2, metavar="N", help="and songs of its own class, likewise "
                       "(default: %(default)s)")  # fmt: skip
    group.add_argument(
        "--kinds",
        nargs="+",
        choices=("own", "matched"),
        default=["own", "matched"],
        help="level of a component that is put in: own (its ratio to the rest in the donor), matched (as loud as the "
        "host's), or both (default)",
    )
    group.add_argument("--no-noise", dest="noise", action="store_false", help="leave out the controls with noise")
    group.add_argument("--max-evals", type=whole(4), default=256, metavar="N", help="most masks to evaluate "
                       "for each recording (default: %(default)s)")  # fmt: skip
    group.add_argument("--seed", type=whole(0), default=0, metavar="N", help="random seed for sampling masks, donors "
                       "and noise (default: %(default)s)")  # fmt: skip


def run(args: Namespace) -> int:
    """Measure, and print the findings."""
    from audiolime_ext.audit.measurement.measure import Settings
    from audiolime_ext.audit.run import plan_audit
    from audiolime_ext.audit.store.store import AuditStore

    policy = policy_of(args)
    store = args.output or _store_of(Path(args.manifest))
    if not args.dry_run:
        AuditStore.require_place(Path(store))
    kinds = tuple(dict.fromkeys(args.kinds))  # each once
    settings = Settings(args.n_donors, args.same, kinds, args.noise, args.max_evals, args.seed)
    with cluster(args.cluster) as (executor, at_once):
        audit = plan_audit(
            args.manifest,
            args.model,
            args.factorization,
            columns=dict(args.column),
            ignore=args.ignore,
            root=args.root,
            label_map=args.map,
            duration_s=args.duration,
            settings=settings,
            thresholds=args.threshold,
            expected=args.expected,
            shard=args.shard,
            workers=args.workers,
            threads=args.threads,
            executor=executor,
            at_once=at_once,
            sr=args.sr,
            batch_size=args.batch_size,
        )
        for note in audit.notes:
            warn(note)
        if args.dry_run:
            return _tell_estimate(audit.estimate(), args)
        results = audit.run(store, policy)
    _tell(results, args)
    mine = {entry.key for entry in audit.mine}
    for failure in (failures := [failure for failure in results.failures if failure.task in mine]):
        warn(f"{failure.name}: {failure.reason}")
    return SOME_FAILED if failures else 0


def _store_of(manifest: Path) -> Path:
    """``songs.sqlite`` beside ``songs.csv``, or beside a folder."""
    named = manifest if manifest.name not in ("", "..") else manifest.resolve()
    return named.with_suffix(".sqlite")


def _tell(results: Any, args: Namespace) -> None:
    from audiolime_ext.audit.verdict.limits import limit_of
    from audiolime_ext.audit.verdict.status import in_numbers
    from audiolime_ext.audit.verdict.verdicts import conclude, marks, unmet
    from audiolime_ext.files.names import legible
    from audiolime_ext.files.plain import to_json

    limit = limit_of(results)
    told = dict(zip(("transplants", "removals"), conclude(results, limit=limit), strict=True))
    notes = (*unmet(told["transplants"]), *marks(results))
    n_done, n = int(results.done.sum()), len(results.entries)
    if args.json:
        about = {"store": str(results.path), "n_recordings": n, "n_done": n_done, "n_failed": len(results.failures)}
        verdicts_of = {name: [v.to_dict() for v in verdicts] for name, verdicts in told.items()}
        print(to_json({**about, "limit": vars(limit), "notes": notes, **verdicts_of}))
        return
    print("\n".join([f"{share_of(n_done, n, 'recording')} in {legible(results.path)}", limit.text, *notes]))
    for title, verdicts in zip(("put into other recordings", "taken out"), told.values(), strict=True):
        print(f"\n{title}: {in_numbers(verdicts)}" if verdicts else f"\n{title}: nothing was tried")
        for verdict in verdicts:
            print(f"  {verdict.text}")


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
    n_workers = 1 if args.cluster else min(n_workers, estimate.n_recordings)
    seconds = estimate.seconds, estimate.least_s, estimate.most_s
    usual, least, most = (span(estimate.start_s + one / n_workers) for one in seconds)
    within = "" if least == most else f" ({least} to {most}, as fast or slow as those that were timed)"
    print(
        f"{counted(estimate.n_recordings, 'recording')}, about {counted(estimate.n_asked, 'prediction')}: measuring "
        f"takes about {usual}{within} with {counted(n_workers, 'worker')}, if the machine stays as free as it is now; "
        f"{size(estimate.n_bytes)} of results. No result was kept"
    )
    return 0
