"""The documentation site: Markdown pages, and a reference that is read out of the code. ``make docs`` builds it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # `generated`, which is no package's

import audiolime_ext

project = "audiolime_ext"
author = "the authors of audiolime_ext"
release = audiolime_ext.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "generated"]

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
smartquotes = False  # "--json" is typed with two hyphens
default_role = "name"  # `names` in docstrings become links where it is sure to what

autosummary_generate = True
numpydoc_show_class_members = False  # autodoc shows them
autodoc_typehints = "none"  # the docstrings have them, with shapes and units
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}

exclude_patterns = ["_build", "_made"]
html_theme = "furo"
html_title = "audiolime_ext"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_extra_path = ["_made"]  # the gallery's pages, which `python docs/made.py` writes
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {"font-stack": "system-ui, sans-serif"},  # nothing is fetched from elsewhere
}
