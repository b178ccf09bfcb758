"""The page of concepts: five panels that are linked, in one file that opens from disk.

- `page`: the page of `Concepts`, whole
- `view`: what its scripts draw; `told`: what is said of a concept, in sentences
- `judged`: how strong each is, where it is marked, and which have pictures and sounds
- `members`: which patches of which song belong to which concept, and which concepts are near
- `media`: pictures and sounds, in as few bytes as a page of many concepts can hold
- `features`: what people say of songs: vibenet's attributes and tempo, or columns of a table

Kept true: a page is smaller than 15 MB; what has no sound in it says so; nothing is called significant that the tests
do not call so.
"""
