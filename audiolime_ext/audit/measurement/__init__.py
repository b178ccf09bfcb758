"""What is asked about each recording of an audit, and who asks.

- `plan`: recordings by content, their excerpts, and the donors that each is given
- `heard`, `measure`, `effects`: the stems as the model hears them; what is asked about one recording; the effects that
  follow from the answers
- `placebos`: changes to a recording that change no music, for comparison
- `work`: what a worker does; who works, and who keeps what comes back: `audiolime_ext.collection.engine`
- `fitness`: whether a failure is the model's or that of one recording
- `estimate`: what all this will take
"""
