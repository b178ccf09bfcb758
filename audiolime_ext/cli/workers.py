"""What the commands share that work on a collection: by how many processes, on a cluster, or in shards."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace, _ArgumentGroup
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from audiolime_ext.cli.numbers import positive, whole

if TYPE_CHECKING:
    from audiolime_ext.collection.engine.policy import Policy


def add_workers(parser: ArgumentParser, *, merged: str) -> _ArgumentGroup:
    """`--workers`, `--cluster`, `--shard`, and what to do where a recording fails; `merged` says what joins shards."""
    group = parser.add_argument_group("how the work is shared out")
    group.add_argument(
        "--workers", type=whole(0), metavar="N", help="worker processes (default: one per core; 0: measure in this one)"
    )
    group.add_argument(
        "--threads", type=whole(1), default=1, metavar="N", help="threads of each worker (default: %(default)s)"
    )
    group.add_argument("--cluster", metavar="ADDRESS", help="use a Dask scheduler instead, such as tcp://host:8786")
    group.add_argument("--shard", type=_shard_of, metavar="I/N", help=f"measure part I of N; {merged}")
    group.add_argument("--on-error", choices=("record", "stop"), default="record", help="if a recording fails: "
                       "record that and go on (default), or stop")  # fmt: skip
    group.add_argument("--retries", type=whole(0), default=0, metavar="N", help="how often a failed recording is tried "
                       "again (default: %(default)s)")  # fmt: skip
    group.add_argument(
        "--timeout",
        type=positive,
        metavar="S",
        help="most seconds for one recording, including the wait for a free worker of a cluster (default: 3600)",
    )
    group.add_argument(
        "--cluster-patience",
        type=positive,
        metavar="S",
        help="seconds to wait for a cluster that has lost its workers; then the work ends with exit code 8, and the "
        "same command continues it (default: 300)",
    )
    return group


def policy_of(args: Namespace) -> Policy:
    """What to do where something fails, as the flags say.

    Raises
    ------
    UsageError
        If they do not fit together.
    """
    from audiolime_ext.collection.engine.policy import PATIENCE_S, Policy
    from audiolime_ext.errors import UsageError

    if args.cluster_patience is not None and args.cluster is None:
        raise UsageError("--cluster-patience is for --cluster ADDRESS; leave it out, or name the cluster")
    return Policy(args.on_error, args.retries, args.timeout, args.cluster_patience or PATIENCE_S)


@contextmanager
def cluster(address: str | None) -> Iterator[tuple[Any, int | None]]:
    """The executor of a Dask cluster, and how many jobs it takes at a time."""
    from audiolime_ext.errors import UsageError
    from audiolime_ext.extras import require

    if address is None:
        yield None, None
        return
    distributed = require("distributed", extra="cluster")
    try:
        client = distributed.Client(address, timeout=10)
        n_cores = sum(client.ncores(callback_timeout=10).values())
    except (OSError, ValueError, distributed.TimeoutError) as error:
        raise UsageError(f"no Dask scheduler answers at {address} ({error}); start one with: dask scheduler") from error
    with client:
        yield client.get_executor(pure=False), 2 * max(1, n_cores)


def _shard_of(text: str) -> tuple[int, int]:
    number, mark, n = text.partition("/")
    if not mark or not number.isdecimal() or not n.isdecimal() or not 1 <= int(number) <= int(n):
        raise argparse.ArgumentTypeError(f"write I/N with 1 ≤ I ≤ N, such as 1/4, not {text!r}")
    return int(number), int(n)
