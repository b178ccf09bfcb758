"""How far the work is: told to a function of the caller's, or shown on stderr.

- `progress`: how far one stage is, as numbers and in words (`Progress`)
- `stages`: the stages of the work, and who is told of them
- `displays`: what is shown where nobody is told: a bar in a notebook or on a terminal, else a line now and then
"""
