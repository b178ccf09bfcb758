"""Is a map true of its model?

- `again`: a map's model asked again, about the same windows from the same baseline
- `faithfulness`: on its features and by ear; `randomised`: does it depend on what the model learned?
- `mean`: a mean over windows
"""
