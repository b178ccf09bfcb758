"""Why this song, and not that one: the nearness of songs explained by their stems.

- `pipeline`: the whole way, `why`, on one screen
- `aims`: the score that ranked, as a linear function of the model's answers
- `explaining`: a question answered
- `heard`: the songs, in stems where there is sound
- `matrix`: which stem of one song is like which stem of the other; `matrices`: of one song with many
- `level`: whether a stem makes songs alike, or only how loud it is
- `standing`: where a candidate stands among the songs of an index, also without a stem of the query
- `flip`: the smallest change of a stem by which another song would win; `trials`: the search for it; `flipped`: that in
  words and sound
- `alike`: which seconds of both are alike, and a path through both; `likeness`: that in words and sound
- `words`, `result`: that as text and objects

Kept true: silence and the stems add up to the score that ranked; what is said of a removal comes from ranking anew.
"""
