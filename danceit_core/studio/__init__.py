"""A rendered dancer in a room, with sound and true joints: material for the demo, the tests and the benchmarks.

From mesh to film: `surface` (triangle meshes) -> `body` (the person) -> `hair`, `clothes`, `paint` (what is worn) ->
`dancer` (all of it as one mesh); `music` (a song); `arms`, `moves` (available moves) -> `routine` (the moves for a
song) -> `motion` (every frame) -> `rig` (bones); `room`, `tracing`, `raster`, `shading` -> `renderer` (pictures);
`cast` (dancers, rooms, songs) -> `record` (files).

Conventions: metres and seconds, x to the dancer's left at rest, y up, z towards the camera, angles in radians.
"""
