"""What is asked about each recording of an audit, and who asks.

- `plan`: recordings by content, their excerpts, and the donors each is given
- `heard`, `measure`, `effects`: the stems as the model hears them; what is asked about one recording; what follows
- `placebos`: what is done to a recording beside that and changes no music
- `driver`, `workers`, `patience`: the loop that keeps what comes back; who measures; how long is waited for them
- `fitness`: whether it is the model that cannot be audited, and not one recording
"""
