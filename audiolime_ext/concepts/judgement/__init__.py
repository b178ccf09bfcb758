"""What a concept means to a class, by the gradients of a layer, beside random concepts.

- `cavs`: concept activation vectors, thousands at a time; `separating`: is a concept told apart at all?
- `tcav`: does it raise a class? `testing`: all concepts, all classes
"""
