"""Taggers that ship with the library, one per module, found by their entry points; nothing imports them.

- `musicnn` (its networks: `musicnn_network`): 50 tags for every three seconds of music
- `onnx_model`, `torch_model`, `keras_model`, `hugging_face`: models of yours
"""
