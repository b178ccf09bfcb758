"""The options that ask for a map of gradients: those of ``relevance``, and ``--gradients`` beside stems.

Words are those of `audiolime_ext.gradients.pipeline.relevance`; ``ig`` is short for ``integrated``.
"""

from __future__ import annotations

from argparse import Namespace, _ActionsContainer

SHORT = {"ig": "integrated"}
METHODS_ARE = (
    "integrated or ig (Integrated Gradients: sums to the difference from the baseline), smooth-integrated (the same of "
    "noisy copies), gradients (SmoothGrad), grad-cam (of a --layer)"
)


def add_gradients(parser: _ActionsContainer, *, beside: str) -> None:
    """`--gradients` and its `--layer`; `beside` says what the map stands beside."""
    parser.add_argument("--gradients", metavar="METHOD", help=f"also make a map of gradients {beside}: {METHODS_ARE}")
    add_layer(parser)


def add_layer(parser: _ActionsContainer) -> None:
    """`--layer`."""
    parser.add_argument("--layer", metavar="NAME", help="layer of the model for grad-cam, such as cnn2 of musicnn")


def map_asked(args: Namespace) -> dict[str, str | None] | None:
    """`method` and `layer` of the map that is asked for; None: none is.

    Raises
    ------
    UsageError
        If the method is unknown, or a layer is named that it has no use for.
    """
    from audiolime_ext.errors import UsageError
    from audiolime_ext.gradients.pipeline import require_consistent

    if args.gradients is None:
        if args.layer is not None:
            raise UsageError("--layer is for --gradients grad-cam; give both, or leave --layer out")
        return None
    method = SHORT.get(args.gradients, args.gradients)
    require_consistent(method, layer=args.layer, baseline="silence")
    return {"method": method, "layer": args.layer}
