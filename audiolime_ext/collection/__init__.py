"""Many recordings, and what each is.

- `manifest`: tables, folders and published data sets become recordings with classes
- `table`: tables that people write, read as a whole or refused with everything that is wrong
- `importers`: published data sets, in the form in which they are published

Kept true: what is left out is named.
"""
