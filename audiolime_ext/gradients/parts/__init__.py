"""A map beside parts that can be heard: stems, bands, superpixels.

- `beside`: the map of what an explanation is of; `nearness`: of why songs are near
- `agreement`: does the map agree with what switching sounds off changes? `agreed`: the result
- `component_power`: where each component is; `placing`: the map divided between them

Kept true: what a map puts on a component stands beside its weight, and beside chance.
"""
