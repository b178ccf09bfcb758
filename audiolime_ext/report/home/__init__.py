"""The home of the app: a page that takes songs, tells how far they are, and leads to their pages.

- `page`: the page
"""
