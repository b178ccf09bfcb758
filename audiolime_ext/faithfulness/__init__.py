"""Is an explanation true of the model?

- `check`: all measures of one explanation
- `measure`: one number, or the reason why there is none
- `curves`, `removal`, `weighing`: what happens as components go; what remains; what the weights are worth
- `stability`, `randomisation`: other seeds; models whose weights are replaced by random ones

Kept true: what is faithful to the model need not be true of the world, and no measure claims that.
"""
