"""Which songs of a collection are similar, by what, and to whom everything is near.

- `similar`: the whole way from songs to a list, on one screen
- `queries`: what is asked about becomes vectors; `names`: which song a name means; `separator`: and stems;
  `leaving_out`: what is not listed
- `space`: what "near" means among the vectors; `hubs`: songs that are near to everything, and two corrections;
  `crowd`: the same for one query among many songs; `census`: which songs are hubs and orphans
- `ranking`: a song, a profile of several, or a taste; `relevance`: how a taste is learnt
- `neighbours`: the nearest, exactly; `approximate`: candidates for them among very many
- `telling`, `result`: the list as objects, text and JSON; `playlists`: songs in an order, and files for players
- `sounds`: where the sound of a song is, so that what was found can be played
- `retrieval`: how many of the nearest songs are those that should be; `intervals`: how sure that is, and whether one
  method is better than another
- `evaluation`: the same of whole indexes, against anchors and each other
- `why`: why one song and not another, by their stems; `maps`: all songs as a map, and how far it can be trusted
- `training`: an embedding of one's own, trained on the songs of a collection
- `kept`: what is worked out once for a collection

Kept true: a song is never its own neighbour; contributions add up to the similarity.
"""
