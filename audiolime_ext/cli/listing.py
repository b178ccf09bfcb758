"""``audiolime list``: all separators and models, and what each needs; or what one model can answer."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from audiolime_ext.cli.options import add_json, warn


def add(commands: Any) -> None:
    """Add the command's parser."""
    summary = "list all separators and models, and what each needs; with MODEL, its labels"
    parser = commands.add_parser("list", help=summary, description=summary)
    parser.add_argument("model", nargs="?", metavar="MODEL", help="model whose rate, window and labels to list")
    add_json(parser, "an array, or with MODEL an object,")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print one row per spec, or what is known of a model."""
    if args.model is not None:
        return _of_model(args)
    from audiolime_ext import registry
    from audiolime_ext.errors import MissingError
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.text import text_table

    rows = []
    for kind in registry.KINDS:
        for name in registry.names(kind):
            try:
                plugin = registry.plugin(kind, name)
            except MissingError as error:
                warn(str(error))
                rows.append({"kind": kind, "spec": name, "ready": False, "needs": str(error), "about": ""})
                continue
            for spec, needed in zip(plugin.specs, list(plugin.variants.values()) or [None], strict=True):
                ready, needs = _state(needed, plugin.requires)
                rows.append({"kind": kind, "spec": spec, "ready": ready, "needs": needs, "about": plugin.summary})
    if args.json:
        print(to_json(rows))
        return 0
    print(
        text_table(
            ["kind", "spec", "needs", "what it is"],
            [[str(row["kind"]), str(row["spec"]), str(row["needs"]), str(row["about"])] for row in rows],
            left=range(4),
        )
    )
    print("model        package.module:name  any function from (n_batch, n_samples) to (n_batch, n_labels)")
    return 0


def _of_model(args: Namespace) -> int:
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.prediction.loading import load_model
    from audiolime_ext.text import counted

    model = load_model(args.model)
    if args.json:
        about = {"model": args.model, "sr": model.sr, "window_s": model.window_s, "n_channels": model.n_channels}
        print(to_json({**about, "labels": model.labels}))
        return 0
    window = "excerpts of any length" if model.window_s is None else f"{model.window_s:.3g} s at a time"
    rate = "the rate that it is given" if model.sr is None else f"{model.sr} Hz"
    print(f"{args.model} hears {window}, {counted(model.n_channels, 'channel')}, at {rate}")
    if model.labels is None:
        print("its outputs have no names: only positions, such as those of an embedder")
        return 0
    print(f"{counted(len(model.labels), 'label')}:")
    print("\n".join(f"  {label}" for label in model.labels))
    return 0


def _state(needed: Any, requires: Mapping[str, str]) -> tuple[bool, str]:
    from importlib.util import find_spec

    from audiolime_ext.networks.checkpoints import ForeignWeights, is_cached

    for package, extra in requires.items():
        if find_spec(package) is None:
            return False, f"pip install 'audiolime-ext[{extra}]'"
    if needed is None:
        return True, "nothing"
    foreign = isinstance(needed, ForeignWeights)
    what = f"{'weights' if foreign else 'checkpoint'} {needed.name}"
    if needed.kept() if foreign else is_cached(needed):
        return True, f"{what} (cached)"
    size = "" if needed.download_mb is None else f" of {needed.download_mb:.0f} MB"
    return False, f"{what} (a download{size} at first use)"
