"""The page of a recording.

- `view`: everything it shows, decided in Python; `facts`: what that is of, and how it was computed
- `relevance`: maps of gradients, and what is said of them
- `map`: which windows are drawn, and from where to where
- `quiz`: which answers of a blind page are right
- `heading`: what the recording is called
- `again`: the command that makes a page again
- `page`: one self-contained HTML file
- `index`: the index of a folder of pages
"""
