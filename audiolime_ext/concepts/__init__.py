"""What has a classifier learnt? Directions in a layer that are sounds, tested, and heard.

- `cavs`: concept activation vectors, thousands at a time
- `discovering`: patches that a layer holds for alike; `drawing`: random patches in their place
- `separating`: is a concept told apart at all? `tcav`: does it raise a class? `testing`: all concepts, all classes

Kept true: what is said to be significant would hardly be so by chance, however many concepts were tried.
"""
