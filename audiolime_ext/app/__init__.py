"""The app: drop a song into the browser, and see why a model says what it says of it.

- `settings`: what is served, and the limits
- `folders`: where it works; `jobs`: the queue, which survives the server
- `uploads`: what clients send, bounded while it comes
- `work`: what a worker process does; `workers`: such processes as the server sees them
- `board`, `streams`: how far everything is, told to browsers that look on
- `desk`: joins queue, workers and those who look on
- `guard`: who is answered; `server`: the routes; `serving`: the app on an address, until it is told to end

The home page is `audiolime_ext.report.home`; the pages of songs are those that ``audiolime page`` writes.

Kept true: strangers' files are decoded in worker processes alone, so no file ends the server; nothing that a client
sends names a place on this machine, a model or a separator; nothing is left when the server ends, unless that is asked
for.
"""
