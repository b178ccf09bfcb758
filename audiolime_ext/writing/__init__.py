"""Writing: nothing is left half-written, and what cannot be written is found before the work.

- `places`: whether a file or a folder can be written
- `fresh`: files and folders that appear whole, or not at all
- `temporary`: their names until then, and the clearing away of what a killed process left
"""
