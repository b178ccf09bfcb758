"""Results as figures, for papers, notebooks and talks.

- `figure`: what kinds of figures a result has, and the entry point that draws one
- `bars`: weights as bars on one axis; `over_time`: weights of segments and of windows
- `spectrogram`: what sounds, and where; `relevance`: where a value comes from, over that
- `audits`: rates of flips with their limits; `neighbours`: what makes songs alike; `trainings`: how a training went
- `playlists`: how near each song of a list is to the next, and the curve that it follows
- `top_tags`: highest labels against annotated genres
- `sheet`: panels, and how they come to lie in a new figure; `users_axes`: in the user's; `styles`: type, lines, hatches
- `showing`: figures that keep their style, and are shown once; `ticks`: apart
- `fonts`: characters that fonts lack; `fits`: whether there is room

Kept true: no setting of matplotlib is changed; names are text; what is cut is counted.
"""
