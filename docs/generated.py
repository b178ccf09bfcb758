"""Parts of the reference that are read out of the code: commands, separators, models and settings.

A page writes ``{generated} commands``; the function of that name below answers Markdown, which becomes part of it.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from textwrap import wrap
from typing import Any

from docutils import nodes
from made import FIGURES, FIGURES_OF, ITEMS, NOTEBOOKS
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

import audiolime_ext
from audiolime_ext.audit.verdict.glossary import GLOSSARY
from audiolime_ext.cli import build_parser
from audiolime_ext.cli.parser import all_commands
from audiolime_ext.factorization.confusion import Confusion
from audiolime_ext.factorization.holding import confusion_of
from audiolime_ext.prediction.loading import load_model


def commands() -> str:
    """Every command with its help, arguments and flags."""
    return "\n\n".join(_command(one) for one in all_commands(build_parser()) if one.get_default("run"))


def _command(parser: argparse.ArgumentParser) -> str:
    usage = "\n".join(
        wrap(" ".join(parser.format_usage().removeprefix("usage: ").split()), 80, subsequent_indent="    ")
    )
    parts = [f"## {parser.prog}", _prose(parser.description or ""), f"```text\n{usage}\n```"]
    shown = [one for one in parser._actions if one.help != argparse.SUPPRESS and one.dest != "help"]
    parts += [f"`{_names(one)}`\n: {_prose((one.help or '') % _facts(one, parser))}\n" for one in shown]
    return "\n\n".join([*parts, _prose(parser.epilog or "")])


def _names(action: argparse.Action) -> str:
    value = action.metavar or (None if action.nargs == 0 else action.dest.upper())
    value = " ".join(value) if isinstance(value, tuple) else value
    if action.choices is not None and not action.metavar:
        value = "|".join(map(str, action.choices))
    if not action.option_strings:
        return str(value)
    return ", ".join(action.option_strings) + ("" if action.nargs == 0 else f" {value}")


def _facts(action: argparse.Action, parser: argparse.ArgumentParser) -> dict[str, Any]:
    return {**vars(action), "prog": parser.prog}


def _prose(text: str) -> str:
    """Help as Markdown: what Markdown would read as markup is text."""
    return re.sub(r"([\\*_<>\[\]{}`|])", r"\\\1", inspect.cleandoc(text))


def separators() -> str:
    """Every separator that an entry point names, with the docstring of its module."""
    return _plug_ins("audiolime_ext.factorizations", "-f")


def models() -> str:
    """Every kind of model that an entry point names, with the docstring of its module."""
    return _plug_ins("audiolime_ext.models", "-m")


def labels() -> str:
    """What the published models can answer, in their own order."""
    rows = [(spec, load_model(spec)) for spec in ("musicnn:MSD_musicnn", "musicnn:MTT_musicnn", "vibenet")]
    return "\n\n".join(f"`{spec}`\n: {_prose(', '.join(model.labels or ()))}" for spec, model in rows)


def _plug_ins(group: str, flag: str) -> str:
    found = sorted(entry_points(group=group), key=lambda point: point.name)
    ours = [point for point in found if point.module.split(".")[0] in ("audiolime_ext", "factorizations")]
    return "\n\n".join("\n\n".join(_plug_in(point.name, point.module, flag)) for point in ours)


def _plug_in(name: str, module: str, flag: str) -> Iterator[str]:
    yield f"## `{flag} {name}`"
    loaded = import_module(module)
    variants = [f"`{_spec(name, variant)}`" for variant in getattr(loaded, "VARIANTS", {})]
    needs = [f"the extra `{extra}`" for extra in getattr(loaded, "REQUIRES", {}).values()]
    if variants:
        yield f"Forms: {', '.join(variants)}" + (f". Needs {', '.join(needs)}." if needs else ".")
    yield f"```{{eval-rst}}\n.. automodule:: {module}\n   :no-members:\n   :no-index:\n```"


def _spec(name: str, variant: str) -> str:
    return f"{name}:{variant}" if variant else name


def confusion() -> str:
    """How much of a true source lands in each stem of every separator that was measured."""
    return "\n\n".join(_confusion(spec) for spec in ("spleeter:2stems", "cerberus", "cerberus?merge=none", "hpss"))


def _confusion(spec: str) -> str:
    found = confusion_of(spec)
    head = ["true source", *found.stems, "mostly elsewhere"]
    rows = [_shares(found, source) for source in found.sources]
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    not_apart = "; ".join(filter(None, (found.why(pair) for pair in found.not_told_apart)))
    told = "\n\n".join(f"{text[0].upper()}{text[1:]}." for text in (found.note, not_apart) if text)
    return f"### `{spec}`\n\n{table}\n\n{told}"


def _shares(found: Confusion, source: str) -> list[str]:
    shares = [found.share(source, stem) for stem in found.stems]
    cells = [
        f"**{share}**" if share and found.own(source) == stem else str(share or "not measured")
        for stem, share in zip(found.stems, shares, strict=True)
    ]
    lost = found.below_half(source)
    return [source, *cells, "" if lost is None else f"{100 * lost:.0f} %"]


def differences() -> str:
    """What differs from audioLIME, out of the docstring of our dialect."""
    told = inspect.cleandoc(import_module("audiolime_ext.compat.audiolime").__doc__ or "")
    return "\n".join(line.strip() for line in told.splitlines() if line.strip().startswith("|"))


def words() -> str:
    """The words of an audit, each with its sentence."""
    return "\n\n".join(f"**{word}**\n: {_prose(meaning)}" for word, meaning in GLOSSARY.items())


def pages() -> str:
    """The gallery's pages, each with the command that made it."""
    return "\n\n".join(
        f"### {item.title}\n\n{item.text}\n\n```\n{item.command}\n```\n\n{_framed(item.page, item.title)}"
        for item in ITEMS
    )


def figures() -> str:
    """The gallery's figures, each with the call that draws it."""
    drawn = (
        f"### {title}\n\n```python\n{code}\n```\n\n"
        f'<a href="{name}.pdf"><img class="figure" src="{name}.png" alt="{title}"></a>'
        for name, (title, code) in FIGURES.items()
    )
    return "\n\n".join([f"```python{FIGURES_OF}```", *drawn])


def notebooks() -> str:
    """The notebooks as they ran."""
    return "\n\n".join(
        f"### {title}\n\n`examples/notebooks/{name}.ipynb`\n\n{_framed(f'{name}.html', title)}"
        for name, title in NOTEBOOKS.items()
    )


def _framed(page: str, title: str) -> str:
    link = f'<a class="open" href="{page}">open the page</a>'
    return f'{link}\n\n<iframe src="{page}" loading="lazy" title="{title}"></iframe>'


def name(role: str, rawtext: str, text: str, lineno: int, inliner: Any, *_: Any) -> tuple[list[nodes.Node], list[Any]]:
    """A name in single backticks: a link where it is public or whole, such as `explain` or `audiolime_ext.errors`.

    Other names are shown as code: which of several classes' `n_channels` is meant, no link could know.
    """
    shown = nodes.literal(rawtext, text)
    whole = f"audiolime_ext.{text}" if text.split(".")[0] in audiolime_ext.__all__ else text
    if not whole.startswith("audiolime_ext."):
        return [shown], []
    options = {"refdomain": "py", "reftype": "obj", "reftarget": whole, "refexplicit": True, "refwarn": False}
    return [pending_xref(rawtext, shown, refdoc=inliner.document.settings.env.docname, **options)], []


class Generated(SphinxDirective):
    """``{generated} commands``: what the function of that name answers, as part of the page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The page's part, read again in every build: what it is made of is no file that Sphinx watches."""
        self.env.note_reread()
        return self.parse_text_to_nodes(globals()[self.arguments[0]](), allow_section_headings=True)


def without_sections(_app: Any, kind: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Make the headings of a module's docstring bold lines: sections would begin within the page that shows it."""
    if kind == "module":
        for i, line in enumerate(lines[1:]):
            if lines[i] and set(line) == {"-"}:
                lines[i : i + 2] = [f".. rubric:: {lines[i]}", ""]


def setup(app: Any) -> dict[str, bool]:
    """Register all of this."""
    app.add_directive("generated", Generated)
    app.add_role("name", name)
    app.connect("autodoc-process-docstring", without_sections)
    return {"parallel_read_safe": True}
