"""Who works on many recordings, and how nothing is lost by it: for whatever is measured over a collection.

- `jobs`: tasks by content; what is handed to workers, and what the engine must know of whoever uses it
- `failures`: the table of what could not be measured; `keeping`: a file of songs' results, as indexes and concepts have
- `models`: what workers build, the same as the driver's
- `workers`: this process, processes of its own, or any executor, such as a Dask cluster's; `choosing`: which of them
- `policy`, `patience`: what to do where something fails, and how long to wait
- `driver`, `culprits`: the loop that hands out jobs and keeps what comes back; who is at fault where a worker dies

Kept true: one recording that cannot be measured never costs another, and nothing is waited for without a bound.
"""
