"""The page of a recording.

- `view`: what it shows, decided in Python
- `page`: one self-contained HTML file of that
- `index`: the index of a folder of pages
"""
