"""From matched fragments to one dance on the beat (paper IV-C, V-D2).

Read the modules in this order: `library` (the fragments on one timeline), `retrieve` (which fragment when, by `costs`,
into a `plan`), `normalise` (to the target's body and place), `spatial` (seams: `seams`, `tsd`), `temporal` (beats:
`warp`), and `align`, which runs the last three.
"""
