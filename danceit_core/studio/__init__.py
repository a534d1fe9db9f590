"""A rendered dancer in a room, with sound and true joints: the demo's, the tests' and the benchmarks' material.

From mesh to film: `surface` (triangle meshes) -> `body` (the person) -> `hair`, `clothes`, `paint` (what is worn) ->
`dancer` (all of it as one mesh); `music` (a song); `arms`, `moves` (what can be danced) -> `routine` (what is danced to
this song) -> `motion` (every frame of it) -> `rig` (bones); `room`, `tracing`, `raster`, `shading` -> `renderer`
(pictures); `cast` (who, where, to what) -> `record` (files).

Conventions: metres and seconds, x to the dancer's left at rest, y up, z towards the camera, angles in radians.
"""
