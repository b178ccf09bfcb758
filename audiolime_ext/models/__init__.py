"""Models that ship with the library, and adapters of other libraries' objects, found by entry points; nothing imports
them.

- `musicnn` (with `musicnn_files`, `musicnn_network` and `musicnn_random`): 50 tags for every three seconds of music
- `vibenet`: seven attributes, such as energy and valence
- `deejai` (with `deejai_weights`): an embedding that is near for songs that share playlists
- `features`: numbers of the sound itself, such as its tempo
- `onnx_model`, `torch_model` (with `torch_archive`, `torch_layers` and `torch_listener`), `keras_model` (with
  `keras_answers` and `keras_gradients`), `hugging_face` (with `hugging_clap`): your own models, and published ones in
  these libraries' formats
- `torch_object`, `keras_object`, `sklearn_object`: networks and estimators that are at hand (see
  `audiolime_ext.prediction.objects`)
"""
