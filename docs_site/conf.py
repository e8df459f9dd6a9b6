"""Sphinx's configuration: offline, strict, and readable on a phone."""

from bikecast import __version__

project = "bikecast"
author = "the bikecast authors"
project_copyright = author
version = release = __version__

extensions = ["myst_parser"]
myst_heading_anchors = 4  # headings are linked to as GitHub does
smartquotes = False  # two dashes are an option, not a dash
nitpicky = True  # a reference that leads nowhere is a warning, and warnings fail the build

html_theme = "furo"
html_title = f"bikecast {__version__}"
html_copy_source = False
html_show_sourcelink = False
html_static_path = ["static"]
html_css_files = ["site.css"]
