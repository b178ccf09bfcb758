"""What is asked about each recording of an audit, and who asks.

- `plan`: recordings by content, their excerpts, and the donors that each is given
- `heard`, `measure`, `effects`: the stems as the model hears them; what is asked about one recording; the effects that
  follow from the answers
- `placebos`: changes to a recording that change no music, for comparison
- `driver`, `workers`, `patience`: the loop that keeps what comes back; who measures; how long the loop waits for them
- `fitness`: whether a failure is the model's or that of one recording
- `culprits`: whether a worker died of a recording or of one of its donors
- `estimate`: what all this will take
"""
