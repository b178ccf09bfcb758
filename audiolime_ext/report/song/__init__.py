"""The page of a recording.

- `view`: everything it shows, decided in Python
- `page`: one self-contained HTML file
- `index`: the index of a folder of pages
"""
