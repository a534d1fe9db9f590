"""The person's own pixels: which frame of their video lends a part of the body, and how it is carried to a new pose.

Not in the paper, whose network paints every pixel. A pose is taken apart into trunk, head, arms and legs (`parts`); for
each the frames of the target's video are ranked by how much alike the part is there (`describe`, `choose`); its pixels
are carried along the bones (`carry`), cut out by the person's outline and by what belongs to the part in the frame that
lends it (`ownership`), and put together in two layers, body and arms (`layers`).
"""
