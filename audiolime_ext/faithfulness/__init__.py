"""Is an explanation true of the model?

- `check`: all measures of one explanation
- `measure`: one number, or why there is none
- `curves`, `removal`, `weighing`: what happens as components go; what remains; what the weights are worth
- `stability`, `randomisation`: other seeds; models that have forgotten

Kept true: faithful to the model is not true of the world, and no measure is sold as that.
"""
