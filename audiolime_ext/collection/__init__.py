"""Many recordings, and what each is.

- `manifest`: tables, folders and published data sets become recordings with classes
- `table`: tables that people write, read whole or refused with all that is wrong
- `importers`: published data sets as they come

Kept true: what is left out is named.
"""
