"""Files: what they are called, read within bounds, and written so that nothing is left half-written.

- `names`: names as they are, and as text that can be written everywhere
- `reading`: what comes from outside, judged before it is read
- `plain`: plain values of JSON and YAML; our own files, read back strictly
- `places`: whether a file or a folder can be written, told before the work
- `fresh`: files and folders that appear whole, or not at all
- `database`, `seals`: SQLite files of ours, and how damage in them is noticed
- `temporary`: their names until then, and the clearing away of what a killed process left
"""
